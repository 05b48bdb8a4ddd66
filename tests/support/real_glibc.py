"""The oracle for glibc: what a real ``ld.so`` says of a file when it traces (``ldd -r``), asked inside a root.

``LD_TRACE_LOADED_OBJECTS=1 LD_WARN=yes LD_BIND_NOW=yes LOADER FILE`` maps the file and its libraries and resolves every
symbol, but runs no code of theirs. Loaders of other machines run under qemu-user.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from muslint.loader.glibc_rtld import Processor

from . import real_loader
from .real_loader import FILE_TIMEOUT

LOADERS = {
    "/lib64/ld-linux-x86-64.so.2": "x86_64",
    "/lib/ld-linux.so.2": "i386",
    "/lib/ld-linux-aarch64.so.1": "aarch64",
    "/lib/ld-linux-armhf.so.3": "armhf",
    "/lib64/ld64.so.2": "powerpc64le",
    "/lib/ld64.so.1": "s390x",
    "/lib/ld-linux-riscv64-lp64d.so.1": "riscv64",
    "/lib64/ld-linux-loongarch-lp64d.so.1": "loongarch64",
}
"""Where glibc's loader of each architecture lies; of several in a root the first is the root's own."""
TRACE = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_WARN": "yes", "LD_BIND_NOW": "yes"}

_ADDRESS = re.compile(r" \(0x[0-9a-f]+\)$")
_LISTED = re.compile(r"\t(.*?)(?: => (.*))?")
_NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class GlibcAnswer:
    """One answer: ``loaded``, ``missing`` and ``errors`` as ``muslint ldd --format jsonl`` has them, outputs whole."""

    path: str
    exit: int
    loaded: tuple[tuple[str, str | None], ...]
    missing: tuple[str, ...]
    errors: tuple[str, ...]
    stdout: str
    stderr: str

    def as_row(self) -> dict[str, object]:
        """The shape of one line of ``muslint ldd --format jsonl``."""
        loaded = [[name, path] for name, path in self.loaded]
        row: dict[str, object] = {"path": self.path, "exit": self.exit, "loaded": loaded}
        return row | {"missing": list(self.missing), "errors": list(self.errors)}


_LEVELS = {
    2: {"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"},
    3: {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"},
    4: {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
}
"""The x86-64 psABI's levels by what each adds, in the kernel's words."""
_HASWELL = {"abm", "avx2", "bmi1", "bmi2", "fma", "movbe", "popcnt"}


def processor() -> Processor:
    """The processor of this machine as glibc sees it (``cpu_features.c``: ``init_cpu_features``)."""
    lines = dict(re.findall(r"(\w+)\s*: (.*)", Path("/proc/cpuinfo").read_text()))
    flags = set(lines.get("flags", "").split())
    level = 1
    while level + 1 in _LEVELS and _LEVELS[level + 1] <= flags:
        level += 1
    if lines.get("vendor_id") != "GenuineIntel":
        return Processor(level)
    wide = ("avx512_1",) if _LEVELS[4] <= flags and "avx512er" not in flags else ()
    return Processor(level, "haswell" if flags >= _HASWELL else None, (*wide, "x86_64"))


def find_loader(root: Path) -> str:
    """The path of the root's own glibc loader."""
    for path in LOADERS:
        if real_loader.resolve(root, path).is_file():
            return path
    raise ValueError(f"{root}: no glibc loader")


def parse(path: str, exit_status: int, stdout: str, stderr: str) -> GlibcAnswer:
    """Read the loader's two outputs; addresses are left out."""
    loaded: list[tuple[str, str | None]] = []
    missing: list[str] = []
    for line in stdout.split("\n"):
        if line.endswith(f" => {_NOT_FOUND}"):
            missing.append(line[1:].removesuffix(f" => {_NOT_FOUND}"))
        elif _ADDRESS.search(line) and (match := _LISTED.fullmatch(_ADDRESS.sub("", line))):
            loaded.append((match[1], match[2]))
    lines = (line for line in stderr.split("\n") if line and not line.startswith("qemu: uncaught target signal"))
    errors = tuple(dict.fromkeys(lines))
    return GlibcAnswer(path, exit_status, tuple(loaded), tuple(missing), errors, stdout, stderr)


def plain(stdout: str) -> str:
    """The list without addresses, as ``muslint ldd`` prints it."""
    return "".join(f"{_ADDRESS.sub('', line)}\n" for line in stdout.split("\n") if line)


def ask(
    root: Path,
    paths: Sequence[str],
    *,
    library_path: str | None = None,
    preload: str | None = None,
    timeout: float = FILE_TIMEOUT,
) -> list[GlibcAnswer]:
    """Ask the root's own ``ld.so`` about ``paths``, one run each."""
    environment = dict(TRACE)
    environment |= {"LD_LIBRARY_PATH": library_path} if library_path is not None else {}
    environment |= {"LD_PRELOAD": preload} if preload is not None else {}
    loader = find_loader(root)
    request = {
        "root": str(root.resolve()),
        "qemu": real_loader.qemu_of(LOADERS[loader]),
        "command": [loader],
        "environment": environment,
        "files": list(paths),
        "timeout": timeout,
    }
    return [parse(path, *answer) for path, answer in zip(paths, real_loader.drive(request), strict=True)]


def start(root: Path, path: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Start a program of the root for real: exit status and stderr."""
    request = {
        "root": str(root.resolve()),
        "qemu": None,
        "command": [],
        "alone": True,
        "environment": dict(environment or {}),
        "files": [path],
        "timeout": 20.0,
    }
    status, _out, err = real_loader.drive(request)[0]
    return status, err


def subjects(root: Path) -> list[str]:
    """Every file of ``root`` the loader can be asked about, as sorted absolute paths inside it."""
    return real_loader.subjects(root, loader=find_loader(root))


def list_all(root: Path, *, paths: Iterable[str] | None = None) -> dict[str, Mapping[str, object]]:
    """The rows of every subject of ``root``, or of ``paths``, by path; kept in the cache."""

    def rows(missing: list[str]) -> Iterator[Mapping[str, object]]:
        return (answer.as_row() for answer in ask(root, missing))

    wanted = list(paths) if paths is not None else subjects(root)
    return real_loader.kept(root, Path(find_loader(root)).name, wanted, rows)
