"""Cases as data: what a ``case.toml`` says, and the root directory it describes."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import musl
from tests.support.cache import recipe_key
from tests.support.compile import Flag, system_cc, zig_cc, zig_lld

from . import patch

HERE = Path(__file__).parent
RELEASES = ("1.2.2", "1.2.3", "1.2.5", "1.2.6")
"""The musl releases every case is run on."""

INTERPRETER = "/lib/ld-musl-x86_64.so.1"
GLIBC = "x86_64-linux-gnu.2.28"

# One object file, no start code, no library: what is in the dynamic section is what the case says.
_COMPILE = ("-c", "-fPIC", "-fno-stack-protector", "-fno-sanitize=undefined", "-fno-builtin")
_PROGRAM = ("--unresolved-symbols=ignore-all", f"--dynamic-linker={INTERPRETER}")
_KINDS: Mapping[str, tuple[str, ...]] = {
    "program": ("-pie", *_PROGRAM),
    "fixed": ("-no-pie", *_PROGRAM),
    "library": ("-shared",),
    "static": ("-static", "-no-pie"),
    "static-pie": ("-static", "-pie", "--no-dynamic-linker"),
}
_LD_OF = {"x86_64": "elf_x86_64", "aarch64": "aarch64linux", "x86": "elf_i386", "s390x": "elf64_s390"}


@dataclass(frozen=True, slots=True)
class Object:
    """One ELF file to make.

    ``kind`` is a key of `_KINDS`, ``object`` (what the compiler leaves), ``driver`` (a program of musl's own) or
    ``cc`` (made by the machine's own compiler). ``needed`` are DT_NEEDED names in order: one that starts with ``@``
    is a file of this case, linked for real; any other gets an empty stand-in. ``flags`` go to the linker, ``cflags``
    to the compiler. ``patch`` are calls of `patch`, each a list of the function's name and its arguments.
    ``placed`` false: made to link against, not put in the root.
    """

    path: str
    kind: str
    sources: tuple[str, ...]
    needed: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    cflags: tuple[str, ...] = ()
    target: str = GLIBC
    soname: str | None = None
    patch: tuple[tuple[Any, ...], ...] = ()
    placed: bool = True


@dataclass(frozen=True, slots=True)
class Expected:
    """What the loader prints: exit status, stdout lines without tab and address, distinct stderr lines."""

    exit: int
    loaded: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the loader: ``--list SUBJECT``. ``text``, if given, is the whole of stderr by lines."""

    subject: str
    expect: Mapping[str, Expected]
    library_path: str | None = None
    preload: str | None = None
    text: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One folder: the rule in a sentence, where it stands in musl's source, the files, the questions."""

    folder: Path
    rule: str
    source: str
    objects: tuple[Object, ...]
    files: Mapping[str, str]
    directories: tuple[str, ...]
    symlinks: Mapping[str, str]
    hard_links: Mapping[str, str]
    asks: tuple[Ask, ...]


def cases() -> Iterator[Case]:
    """Every case, by number."""
    for folder in sorted(HERE.glob("[0-9]*_*"), key=lambda found: int(found.name.partition("_")[0])):
        yield read(folder)


def read(folder: Path) -> Case:
    """The case in ``folder``; raises on a key this module does not know."""
    raw = tomllib.loads((folder / "case.toml").read_text())
    root = raw.pop("root", {})
    case = Case(
        folder,
        raw.pop("rule"),
        raw.pop("source"),
        tuple(object_of(row) for row in raw.pop("object", ())),
        root.pop("files", {}),
        tuple(root.pop("directories", ())),
        root.pop("symlinks", {}),
        root.pop("hard_links", {}),
        tuple(_ask(row) for row in raw.pop("ask", ())),
    )
    if raw or root:
        raise ValueError(f"{folder.name}/case.toml: unknown {sorted([*raw, *root])}")
    return case


def object_of(row: dict[str, Any]) -> Object:
    """An ``[[object]]`` table; sources default to the name of the file made (``liba.so`` from ``liba.c``)."""
    stem = Path(row["path"]).name.split(".")[0]
    words = {key: tuple(value) for key, value in row.items() if key in ("sources", "needed", "flags", "cflags")}
    patches = tuple(tuple(call) for call in row.get("patch", ()))
    rest = {key: value for key, value in row.items() if key not in words and key != "patch"}
    return Object(**{"sources": (f"{stem}.c",), **rest, **words, "patch": patches})


def _ask(row: dict[str, Any]) -> Ask:
    expect = row.pop("expect")
    releases = {release: expect.pop(release, {}) for release in RELEASES}
    by_release = {}
    for release, other in releases.items():
        told = expect | other
        by_release[release] = Expected(told["exit"], tuple(told["loaded"]), tuple(told["errors"]))
    text = row.pop("text", None)
    return Ask(row.pop("subject"), by_release, text=tuple(text) if text is not None else None, **row)


# --- making the root ---------------------------------------------------------------------------------------


def lay_out(case: Case, release: str, root: Path) -> None:
    """Make ``root``: the real loader of ``release``, the case's objects, files and links."""
    musl.install(musl.loader(release), root)
    build(case.folder, case.objects, root)
    for path in case.directories:
        _inside(root, path).mkdir(parents=True, exist_ok=True)
    for path, text in case.files.items():
        _parent(root, path).write_bytes(text.encode())
    for path, target in case.symlinks.items():
        _parent(root, path).symlink_to(target)
    for path, target in case.hard_links.items():
        os.link(_inside(root, target), _parent(root, path))


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _parent(root: Path, path: str) -> Path:
    file = _inside(root, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def build(folder: Path, objects: tuple[Object, ...], root: Path) -> None:
    """Make ``objects`` from the sources in ``folder`` and put them in ``root``. Only placed ones stay there."""
    work = root.with_name(f"{root.name}.build")
    made: dict[str, Path] = {}
    for number, wanted in enumerate(objects):
        # Named as it will be: a library without a SONAME is needed by its file name.
        made[wanted.path] = _make(folder, wanted, made, work / str(number) / Path(wanted.path).name)
        if wanted.placed:
            file = _parent(root, wanted.path)
            file.write_bytes(_patched(made[wanted.path].read_bytes(), wanted.patch))
            file.chmod(0o755)


def _patched(data: bytes, calls: tuple[tuple[Any, ...], ...]) -> bytes:
    for name, *arguments in calls:
        data = patch.PATCHES[name](data, *arguments)
    return data


def _make(folder: Path, wanted: Object, made: Mapping[str, Path], output: Path) -> Path:
    if wanted.kind == "cc":
        return system_cc([folder / name for name in wanted.sources], output, *wanted.flags)
    if wanted.kind == "driver":
        sources = [*(folder / name for name in wanted.sources), *(made[name[1:]] for name in wanted.needed)]
        return zig_cc("x86_64-linux-musl", sources, output, "-dynamic", *wanted.flags)
    compiled = [
        zig_cc(wanted.target, [folder / name], output.with_name(f"{number}.o"), *_COMPILE, *wanted.cflags)
        for number, name in enumerate(wanted.sources)
    ]
    if wanted.kind == "object":
        return compiled[0]
    inputs = [*compiled, *(_linked(wanted, name, made, output.parent) for name in wanted.needed)]
    # With no library at all the linker leaves a program's undefined names out of its dynamic table.
    spare = ("--as-needed", _stand_in(wanted, "spare.so", output.parent)) if wanted.kind in ("program", "fixed") else ()
    return zig_lld(inputs, output, *_flags(folder, wanted), *spare)


def _flags(folder: Path, wanted: Object) -> Iterator[Flag]:
    yield "-m"
    yield _LD_OF[wanted.target.split("-")[0]]
    yield from _KINDS[wanted.kind]
    if wanted.kind == "library":
        yield f"-soname={Path(wanted.path).name if wanted.soname is None else wanted.soname}"
    for flag in wanted.flags:
        yield folder / flag.removeprefix("@") if flag.startswith("@") else flag


def _linked(wanted: Object, name: str, made: Mapping[str, Path], folder: Path) -> Path:
    """The file to link for one NEEDED name: a file of the case, or an empty stand-in of that SONAME."""
    if name.startswith("@"):
        return made[name[1:]]
    return _stand_in(wanted, name, folder)


def _stand_in(wanted: Object, soname: str, folder: Path) -> Path:
    empty = zig_cc(wanted.target, [HERE / "empty.c"], folder / "empty.o", *_COMPILE)
    output = folder / f"{recipe_key(soname)}.so"
    return zig_lld([empty], output, "-m", _LD_OF[wanted.target.split("-")[0]], "-shared", f"-soname={soname}")
