"""The oracle: what a real musl loader says of a file, asked with ``--list`` inside a root.

``--list`` maps the file and its libraries and applies their relocations, but runs no code of theirs. Loaders
of other machines run under qemu-user.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .cache import Unavailable, built, cache_dir, locked, recipe_key
from .fetch import debian_package, unpack_debs

FILE_TIMEOUT = 60.0
"""Seconds one file may take, qemu included; a loader over that is killed and shows exit -9."""

QEMU = {
    "aarch64": "aarch64",
    "arm": "arm",
    "armhf": "arm",
    "i386": "i386",
    "loongarch64": "loongarch64",
    "mips64el": "mips64el",
    "mipsel": "mipsel",
    "powerpc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "x86_64": "x86_64",
}
"""qemu's name for each of musl's architectures."""

NATIVE = {
    "x86_64": ("x86_64", "i386"),
    "aarch64": ("aarch64",),
    "i686": ("i386",),
    "riscv64": ("riscv64",),
    "s390x": ("s390x",),
    "ppc64le": ("powerpc64le",),
    "loongarch64": ("loongarch64",),
}
"""musl architectures each machine (``uname -m``) runs without qemu."""

_LISTED = re.compile(r"\t(.*?)(?: => (.*))? \((?:0x[0-9a-fA-F]+|0)\)")


_QEMU_OWN = "qemu: uncaught target signal"
# What qemu adds when the loader dies of a signal; the signal is in the exit status.


@dataclass(frozen=True, slots=True)
class RealLink:
    """One answer of the real loader.

    ``path`` is the file inside the root; ``exit`` the status, negative for a signal; ``loaded`` the lines of
    standard output as (name, path or None); ``errors`` each distinct line of standard error in order of first
    appearance; ``stdout`` and ``stderr`` whole, bytes that are not UTF-8 as surrogate escapes.
    """

    path: str
    exit: int
    loaded: tuple[tuple[str, str | None], ...]
    errors: tuple[str, ...]
    stdout: str
    stderr: str

    def as_row(self) -> dict[str, object]:
        """The shape of one line of ``muslint ldd --format jsonl``."""
        loaded = [[name, path] for name, path in self.loaded]
        return {"path": self.path, "exit": self.exit, "loaded": loaded, "errors": list(self.errors)}


def parse(path: str, exit_status: int, stdout: str, stderr: str) -> RealLink:
    """Read the loader's two outputs. Lines of stdout in another form than a listing are left out."""
    loaded = tuple((match[1], match[2]) for line in stdout.split("\n") if (match := _LISTED.fullmatch(line)))
    lines = (line for line in stderr.split("\n") if line and not line.startswith(_QEMU_OWN))
    errors = tuple(dict.fromkeys(lines))
    return RealLink(path, exit_status, loaded, errors, stdout, stderr)


# --- the root and its subjects -----------------------------------------------------------------------------


def resolve(root: Path, path: str) -> Path:
    """Where ``path`` of the root really lies, symlinks followed with ``root`` as ``/``; at most 40 of them."""
    todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    at: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            at = at[:-1]
            continue
        here = root.joinpath(*at, part)
        if not here.is_symlink():
            at.append(part)
            continue
        links += 1
        if links > 40:
            raise OSError(f"{path}: too many symbolic links")
        target = os.readlink(here)
        if target.startswith("/"):
            at = []
        todo.extend(step for step in reversed(target.split("/")) if step not in ("", "."))
    return root.joinpath(*at)


def find_loader(root: Path) -> str:
    """The path of the root's musl loader, ``/lib/ld-musl-ARCH.so.1``; exactly one must be there."""
    names = sorted(p.name for p in resolve(root, "/lib").glob("ld-musl-*.so.1"))
    if len(names) != 1:
        raise ValueError(f"{root}: expected one /lib/ld-musl-*.so.1, found {names}")
    return f"/lib/{names[0]}"


def _identity(path: Path) -> tuple[bytes, bytes, int] | None:
    """Class and data bytes, e_machine as stored, and e_type of an ELF file; None for any other file."""
    with open(path, "rb") as handle:
        head = handle.read(20)
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return None
    kind = int.from_bytes(head[16:18], "big" if head[5] == 2 else "little")
    return head[4:6], head[18:20], kind


def _regular_files(root: Path) -> Iterator[Path]:
    for folder, _names, files in os.walk(root):
        for name in files:
            path = Path(folder, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def subjects(root: Path, *, loader: str | None = None) -> list[str]:
    """Every file of ``root`` the loader can be asked about, as sorted absolute paths inside it.

    These are the regular ET_EXEC (2) and ET_DYN (3) files of the loader's class, byte order and machine;
    symlinks are not followed and the loader itself is left out.
    """
    own = resolve(root, loader or find_loader(root))
    ours = _identity(own)
    if ours is None:
        raise ValueError(f"{own}: not an ELF file")
    found = []
    for path in _regular_files(root):
        seen = _identity(path)
        if seen and seen[:2] == ours[:2] and seen[2] in (2, 3) and path != own:
            found.append("/" + path.relative_to(root).as_posix())
    return sorted(found)


# --- running -----------------------------------------------------------------------------------------------


def _qemu(loader: str) -> str | None:
    """The qemu that runs ``loader``, or None where this machine runs it itself."""
    return qemu_of(Path(loader).name.removeprefix("ld-musl-").removesuffix(".so.1"))


def qemu_of(arch: str) -> str | None:
    """The qemu for an architecture (musl's name), or None where this machine runs it itself."""
    if arch in NATIVE.get(os.uname().machine, ()):
        return None
    return str(_packaged_qemu(QEMU.get(arch, arch)))


def _packaged_qemu(name: str) -> Path:
    """qemu for one machine out of a Debian package (statically linked programs), not installed.

    The same one everywhere: qemu 7 knows too few loongarch64 instructions, and maps no vDSO, as every kernel does.
    For ARM it is qemu 7 all the same: qemu 10 puts a loader that is started by name at 0x400000, where programs with
    fixed addresses lie, and the loader then cannot map them; a kernel puts it out of their way, and so does qemu 7.
    """
    host = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine)
    if host is None:
        raise Unavailable(f"qemu-{name}: no package of it is known for {os.uname().machine}")
    other = _OTHER_QEMU.get(name)
    package, suite, program = other or ("qemu-user", "trixie", f"qemu-{name}")

    def unpack(folder: Path) -> None:
        unpack_debs([debian_package(package, suite, host)], folder)
        (folder / "usr" / "bin" / program).rename(folder / "qemu")
        shutil.rmtree(folder / "usr")

    return built("qemu", f"{name}-on-{host}", recipe_key(1, *(other or ())), unpack) / "qemu"


_OTHER_QEMU = {"arm": ("qemu-user-static", "bookworm", "qemu-arm-static")}
"""Package, suite and program of each machine's qemu that is not trixie's."""


def _driver() -> list[str]:
    command = [sys.executable, "-I", str(Path(__file__).with_name("chroot_driver.py"))]
    if os.geteuid() == 0:
        return command
    unshare = shutil.which("unshare")
    if not unshare:
        raise Unavailable("chroot needs root or unshare(1)")
    return [unshare, "-r", *command]


def list_files(
    root: Path,
    paths: Sequence[str],
    *,
    loader: str | None = None,
    library_path: str | None = None,
    preload: str | None = None,
    timeout: float = FILE_TIMEOUT,
) -> list[RealLink]:
    """Ask the real loader about ``paths`` (as typed on its command line) inside ``root``, one run each.

    ``loader`` defaults to the root's own. ``library_path`` and ``preload`` are its ``--library-path`` and
    ``--preload``. Raises `Unavailable` where no chroot or no qemu is to be had.
    """
    if not paths:
        return []
    loader = loader or find_loader(root)
    command = [loader, "--list"]
    command += ["--library-path", library_path] if library_path is not None else []
    command += ["--preload", preload] if preload is not None else []
    request = {
        "root": str(root.resolve()),
        "qemu": _qemu(loader),
        "command": command,
        "files": list(paths),
        "timeout": timeout,
    }
    return [parse(path, *answer) for path, answer in zip(paths, drive(request), strict=True)]


def drive(request: Mapping[str, object]) -> list[tuple[int, str, str]]:
    """Exit status, stdout and stderr for each file of a request to `chroot_driver`; raises `Unavailable`."""
    timeout, files = request["timeout"], request["files"]
    assert isinstance(timeout, float)
    assert isinstance(files, list)
    limit = 60 + timeout * len(files)
    done = subprocess.run(
        _driver(), input=json.dumps(request).encode(), capture_output=True, timeout=limit, check=False
    )
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise Unavailable(f"chroot {Path(str(request['root'])).name}: {' '.join(last) or 'no message'}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [(answer["exit"], _text(answer["stdout"]), _text(answer["stderr"])) for answer in answers]


def _text(latin: str) -> str:
    return latin.encode("latin-1").decode("utf-8", "surrogateescape")


def list_file(
    root: Path,
    path: str,
    *,
    loader: str | None = None,
    library_path: str | None = None,
    preload: str | None = None,
    timeout: float = FILE_TIMEOUT,
) -> RealLink:
    """`list_files` for one file."""
    return list_files(root, [path], loader=loader, library_path=library_path, preload=preload, timeout=timeout)[0]


def fingerprint(root: Path) -> str:
    """A digest of what lies in ``root``: paths, kinds, modes, sizes, times and symlink targets, not contents."""
    digest = hashlib.sha256()
    for folder, names, files in os.walk(root):
        names.sort()
        for name in sorted(names + files):
            path = os.path.join(folder, name)
            seen = os.lstat(path)
            target = os.readlink(path) if stat.S_ISLNK(seen.st_mode) else ""
            size = 0 if stat.S_ISDIR(seen.st_mode) else seen.st_size
            when = seen.st_mtime_ns if stat.S_ISREG(seen.st_mode) else 0
            inside = path[len(str(root)) :]
            line = f"{inside}\0{seen.st_mode}\0{size}\0{when}\0{target}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def list_all(
    root: Path, *, paths: Iterable[str] | None = None, loader: str | None = None, timeout: float = FILE_TIMEOUT
) -> dict[str, Mapping[str, object]]:
    """The rows (see `RealLink.as_row`) of every subject of ``root``, or of ``paths``, by path.

    Answers are kept in the cache by the root's `fingerprint`; only subjects not yet asked about are run.
    """
    loader = loader or find_loader(root)
    wanted = list(paths) if paths is not None else subjects(root, loader=loader)

    def ask(missing: list[str]) -> Iterator[Mapping[str, object]]:
        return (link.as_row() for link in list_files(root, missing, loader=loader, timeout=timeout))

    return kept(root, Path(loader).name, wanted, ask)


def kept(
    root: Path, name: str, wanted: Sequence[str], ask: Callable[[list[str]], Iterable[Mapping[str, object]]]
) -> dict[str, Mapping[str, object]]:
    """The rows of ``wanted``, those not in the cache asked for with ``ask``; ``name`` is the loader's."""
    store = cache_dir() / "oracle" / f"{fingerprint(root)[:24]}-{name}.json"
    store.parent.mkdir(exist_ok=True)
    with locked(f"oracle-{store.stem}"):
        known = json.loads(store.read_text()) if store.is_file() else {}
        missing = [path for path in wanted if path not in known]
        if missing:
            known |= {str(row["path"]): row for row in ask(missing)}
            part = store.with_suffix(".part")
            part.write_text(json.dumps(known))
            part.rename(store)
    return {path: known[path] for path in wanted}
