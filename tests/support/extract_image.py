"""Unpacks the first ext file system of a qcow2 image: ``extract_image.py IMAGE DIRECTORY``.

Run by `roots` with the Python of a virtual environment that has ``dissect.hypervisor`` and ``dissect.extfs``;
nothing else imports it. Modes and symlinks are kept, owners and device nodes are not.
"""

import os
import stat
import sys
from importlib import import_module
from typing import Any

# By name, since the environment that runs the type checker has neither.
QCow2 = import_module("dissect.hypervisor.disk.qcow2").QCow2
ExtFS = import_module("dissect.extfs").ExtFS


def unpack(node: Any, target: bytes) -> None:
    """Write what lies below the directory ``node`` into the existing directory ``target``."""
    for name, child in node.listdir().items():
        if name in (".", ".."):
            continue
        path = os.path.join(target, os.fsencode(name))
        mode = child.inode.i_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.fsencode(child.link), path)
        elif stat.S_ISDIR(mode):
            os.mkdir(path, 0o700)
            unpack(child, path)
            os.chmod(path, stat.S_IMODE(mode))
        elif stat.S_ISREG(mode):
            with open(path, "wb") as out, child.open() as data:
                while block := data.read(1 << 20):
                    out.write(block)
            os.chmod(path, stat.S_IMODE(mode))
            os.utime(path, ns=(child.mtime_ns, child.mtime_ns))


def main() -> None:
    """Open the image named on the command line and unpack it."""
    image, target = sys.argv[1:]
    with open(image, "rb") as handle:
        unpack(ExtFS(QCow2(handle).open()).root, os.fsencode(target))


if __name__ == "__main__":
    main()
