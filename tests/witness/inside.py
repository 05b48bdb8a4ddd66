"""Runs one program inside a root of its own; a program of its own, standard library only, for `tests.witness.machine`.

It is started in new user, mount, network and process namespaces. Standard input holds one JSON object: ``root`` (left
untouched: it is the lower half of an overlay), ``loaders`` (extra names of the root's loader, as gcompat has them),
``files`` (path in the root → [mode, base64]), ``command``, ``env``, ``stdin`` (text), ``timeout`` (seconds), ``stack``
(bytes) and ``answers`` (see `tests.witness.nameserver`), null for no name server. Standard output gets one JSON object:
``exit`` (negative: the signal; null: still running at the end) and ``output`` (both streams, bytes as latin-1).
"""

import base64
import ctypes
import importlib.util
import json
import os
import re
import resource
import select
import signal
import struct
import sys
from pathlib import Path

_MS_BIND, _MS_REC = 4096, 16384
_OUTPUT_LIMIT = 1 << 24
_LIBC = ctypes.CDLL(None, use_errno=True)


def _mount(source: str, target: str, kind: str | None, flags: int = 0, options: str | None = None) -> None:
    os.makedirs(target, exist_ok=True)
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    if _LIBC.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]) != 0:
        raise OSError(ctypes.get_errno(), f"mount {kind or 'bind'} {target}")


def _loopback_up() -> None:
    import fcntl
    import socket

    request = struct.pack("16sh14x", b"lo", 1 | 64)  # IFF_UP | IFF_RUNNING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, request)  # SIOCSIFFLAGS


def _new_root(lower: str) -> str:
    """An overlay over ``lower`` with its own /dev, /proc and an empty /tmp; gone with the namespace."""
    os.chdir(lower)  # the mount on /tmp may hide its path, never the directory we stand in
    place = "/tmp"
    _mount("tmpfs", place, "tmpfs")
    for name in ("upper", "work", "root"):
        os.mkdir(f"{place}/{name}")
    root = f"{place}/root"
    _mount("overlay", root, "overlay", 0, f"lowerdir=.,upperdir={place}/upper,workdir={place}/work")
    _mount("/dev", f"{root}/dev", None, _MS_BIND | _MS_REC)
    _mount("proc", f"{root}/proc", "proc")
    _mount("tmpfs", f"{root}/tmp", "tmpfs")
    return root


def _lay(root: str, files: dict[str, list[str]], loaders: dict[str, str]) -> None:
    for path, (mode, text) in files.items():
        target = Path(root + path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_bytes(base64.b64decode(text))
        target.chmod(int(mode, 8))
    for path, goal in loaders.items():
        target = Path(root + path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_symlink() and not target.exists():
            target.symlink_to(goal)


def _child(request: dict[str, object], root: str, output: int, stdin: int) -> None:
    os.chroot(root)
    os.chdir("/witness")
    os.setsid()
    for number, handle in enumerate((stdin, output, output)):
        os.dup2(handle, number)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT_LIMIT, _OUTPUT_LIMIT))
    soft = int(str(request["stack"]))
    resource.setrlimit(resource.RLIMIT_STACK, (soft, resource.RLIM_INFINITY))
    command = request["command"]
    assert isinstance(command, list)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execve(command[0], command, dict(request["env"]))  # type: ignore[call-overload]


def _run(request: dict[str, object], root: str) -> dict[str, object]:
    output, stdin = os.memfd_create("output"), os.memfd_create("stdin")
    os.write(stdin, str(request["stdin"]).encode())
    os.lseek(stdin, 0, os.SEEK_SET)
    pid = os.fork()
    if pid == 0:
        try:
            _child(request, root, output, stdin)
        except OSError as error:
            os.write(output, f"cannot execute: {error}\n".encode())
        finally:
            os._exit(126)
    watch = os.pidfd_open(pid)
    ended = bool(select.select([watch], [], [], float(str(request["timeout"])))[0])
    if not ended:
        os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    os.lseek(output, 0, os.SEEK_SET)
    text = os.read(output, _OUTPUT_LIMIT).decode("latin-1")
    return {"exit": os.waitstatus_to_exitcode(status) if ended else None, "output": text}


def _serve(answers: list[dict[str, object]], conf: str) -> None:
    spec = importlib.util.spec_from_file_location("nameserver", Path(__file__).with_name("nameserver.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.serve(re.findall(r"^nameserver\s+(\S+)", conf, re.M), answers)


def main() -> None:
    """Read the request, make the place, run, answer."""
    request = json.load(sys.stdin)
    if request["answers"] is not None:
        conf = base64.b64decode(request["files"]["/etc/resolv.conf"][1]).decode()
        _loopback_up()
        _serve(request["answers"], conf)
    root = _new_root(request["root"])
    _lay(root, request["files"], request["loaders"])
    json.dump(_run(request, root), sys.stdout)


if __name__ == "__main__":
    main()
