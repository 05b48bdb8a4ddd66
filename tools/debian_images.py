"""Makes ``libc/data/images/libraries.txt``: which shared libraries Debian's own images hold as they are.

``python tools/debian_images.py`` (apt needed). An image holds what a minimal installation does: the packages that are
essential or of priority "required", apt, and what these depend on. Which packages those are is asked of apt, for a
system with nothing installed; which libraries each has is read from the package.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.cache import run  # noqa: E402
from tests.support.fetch import _Apt  # noqa: E402

SUITES = {"debian:11": "bullseye", "debian:12": "bookworm", "debian:13": "trixie"}
OWN = ("libc6", "libgcc-s1", "libstdc++6")  # told by other tables
NOT_THERE = re.compile(r"libperl|libgdbm")  # apt's choice among alternatives, where the images have perl-base
_LIBRARY = re.compile(r"\./(?:usr/)?lib/(?:x86_64-linux-gnu/)?([^/ ]+\.so\.[0-9][^/ ]*)(?: -> .*)?$")


def packages(apt: _Apt) -> list[str]:
    """The packages of a minimal system."""
    wanted = {"apt"}
    for paragraph in run(["apt-cache", *apt.options(), "dumpavail"], timeout=120).split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.M))
        if fields.get("Essential") == "yes" or fields.get("Priority") == "required":
            wanted.add(fields["Package"])
    command = ["apt-get", *apt.options(), "-s", "-y", "--no-install-recommends", "install", *sorted(wanted)]
    return sorted(set(re.findall(r"^Inst (\S+) ", run(command, timeout=120), re.M)))


def libraries(deb: Path) -> list[str]:
    """File names of the shared libraries in a package, links included."""
    listed = subprocess.run(["dpkg-deb", "--contents", str(deb)], capture_output=True, text=True, check=True).stdout
    paths = (line.split(None, 5)[5] for line in listed.splitlines())
    return sorted({match[1] for path in paths if (match := _LIBRARY.match(path))})


def main() -> None:
    """Print the table."""
    print("# shared libraries of images, besides libc's own and the compiler runtime: IMAGE PACKAGE FILE-NAME")
    print("@ source apt's minimal system of each suite (essential, required, apt), amd64; package contents read")
    for image, suite in SUITES.items():
        apt = _Apt(suite, "amd64")
        if not apt.lists_there():
            apt.update()
        for name, deb in sorted(apt.download(packages(apt)).items()):
            if name not in OWN and not NOT_THERE.match(name):
                for library in libraries(deb):
                    print(image, name, library)


if __name__ == "__main__":
    main()
