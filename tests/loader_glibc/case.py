"""Cases as data: what ``cases.toml`` says, and the root directory each describes."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.loader import patch as musl_patch
from tests.support import roots
from tests.support.cache import recipe_key, run
from tests.support.compile import zig_cc, zig_lld

from . import patch

HERE = Path(__file__).parent
INTERPRETER = "/lib64/ld-linux-x86-64.so.2"
PATCHES = musl_patch.PATCHES | patch.PATCHES

_COMPILE = ("-c", "-fPIC", "-fno-stack-protector", "-fno-sanitize=undefined", "-fno-builtin")
_PROGRAM = ("--unresolved-symbols=ignore-all", f"--dynamic-linker={INTERPRETER}")
_KINDS: Mapping[str, tuple[str, ...]] = {
    "program": ("-pie", *_PROGRAM),
    "fixed": ("-no-pie", *_PROGRAM),
    "library": ("-shared",),
    "static": ("-static", "-no-pie"),
    "bare-pie": ("-static", "-pie", "--no-dynamic-linker"),
}
_EMULATIONS = {"x86_64": "elf_x86_64", "aarch64": "aarch64linux", "x86": "elf_i386", "s390x": "elf64_s390"}


@dataclass(frozen=True, slots=True)
class Object:
    """One ELF file to make; keys of an ``[[case.object]]``.

    ``code`` is C, ``needed`` are DT_NEEDED names in order (one with ``@`` is a file of this case, linked for real; any
    other gets an empty stand-in), ``map`` is a version script, ``patch`` calls of `PATCHES`. ``placed`` false: made
    only to link against; its soname may be that of a library that really is in the root.
    """

    path: str
    kind: str = "library"
    code: str = ""
    needed: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    cflags: tuple[str, ...] = ()
    map: str | None = None
    soname: str | None = None
    target: str = "x86_64-linux-gnu.2.28"
    patch: tuple[tuple[Any, ...], ...] = ()
    placed: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: ``subject``, the environment, and what the answer must show, so that the rule is really met.

    ``shows`` and ``hides`` are texts of the whole output; ``shows-SUITE`` add some for one suite.
    """

    subject: str
    library_path: str | None = None
    preload: str | None = None
    shows: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    by_suite: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One rule: a sentence, where it stands in glibc's source, files, questions."""

    name: str
    rule: str
    source: str
    objects: tuple[Object, ...]
    files: Mapping[str, str]
    directories: tuple[str, ...]
    symlinks: Mapping[str, str]
    hard_links: Mapping[str, str]
    ldconfig: bool
    remove: tuple[str, ...]  # after ldconfig
    asks: tuple[Ask, ...]


def cases() -> Iterator[Case]:
    """Every case of ``cases.toml``, in its order."""
    for raw in tomllib.loads((HERE / "cases.toml").read_text())["case"]:
        case = Case(
            raw.pop("name"), raw.pop("rule"), raw.pop("source"),
            tuple(Object(**{k: _frozen(v) for k, v in row.items()}) for row in raw.pop("object", ())),
            raw.pop("files", {}), tuple(raw.pop("directories", ())), raw.pop("symlinks", {}),
            raw.pop("hard_links", {}), raw.pop("ldconfig", False), tuple(raw.pop("remove", ())),
            tuple(_ask(row) for row in raw.pop("ask")),
        )  # fmt: skip
        if raw:
            raise ValueError(f"{case.name}: unknown {sorted(raw)}")
        yield case


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _ask(row: dict[str, Any]) -> Ask:
    suites = {key.partition("-")[2]: tuple(row.pop(key)) for key in list(row) if key.startswith("shows-")}
    return Ask(by_suite=suites, **{key: _frozen(value) for key, value in row.items()})


def lay_out(case: Case, suite: str, root: Path) -> None:
    """Make ``root``: the libc of ``suite``, the case's objects, files and links."""
    root.mkdir()
    roots.linked_copy(roots.bare_glibc(suite), root)
    work = root.with_name(f"{root.name}.build")
    made: dict[str, Path] = {}
    for number, wanted in enumerate(case.objects):
        made[wanted.path] = _make(wanted, made, work / str(number))
        if wanted.placed:
            data = made[wanted.path].read_bytes()
            for name, *arguments in wanted.patch:
                data = PATCHES[name](data, *arguments)
            file = _place(root, wanted.path)
            file.unlink(missing_ok=True)
            file.write_bytes(data)
            file.chmod(0o755)
    for path in case.directories:
        _inside(root, path).mkdir(parents=True, exist_ok=True)
    for path, text in case.files.items():
        file = _place(root, path)
        file.unlink(missing_ok=True)
        file.write_bytes(text.encode())
    for path, target in case.symlinks.items():
        _place(root, path).symlink_to(target)
    for path, target in case.hard_links.items():
        os.link(_inside(root, target), _place(root, path))
    if case.ldconfig:
        (root / "var/cache/ldconfig").mkdir(parents=True, exist_ok=True)
        run(["unshare", "-r", "chroot", str(root), "/sbin/ldconfig", "-X"], timeout=60)
    for path in case.remove:
        _inside(root, path).unlink()


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _place(root: Path, path: str) -> Path:
    file = _inside(root, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _make(wanted: Object, made: Mapping[str, Path], work: Path) -> Path:
    work.mkdir(parents=True)
    source, output = work / "source.c", work / Path(wanted.path).name
    source.write_text((wanted.code or _default(wanted.kind)).replace("void _start(void) {}", _EXITS))
    compiled = zig_cc(wanted.target, [source], work / "object.o", *_COMPILE, *wanted.cflags)
    needed = (made[n[1:]] if n.startswith("@") else _stand_in(wanted.target, n, work) for n in wanted.needed)
    inputs = [compiled, *needed]
    flags: list[str | Path] = ["-m", _EMULATIONS[wanted.target.split("-")[0]], *_KINDS[wanted.kind]]
    if wanted.kind == "library" and wanted.soname != "":
        flags.append(f"-soname={wanted.soname or output.name}")
    if wanted.map is not None:
        script = work / "version.map"
        script.write_text(wanted.map)
        flags += ["--version-script", script]
    # With no library at all the linker leaves a program's undefined names out of its dynamic table.
    if wanted.kind in ("program", "fixed"):
        inputs.append(_stand_in(wanted.target, "spare.so", work))
    flags += [*wanted.flags, "--allow-shlib-undefined", "--no-as-needed"]
    if wanted.kind in ("program", "fixed"):
        return zig_lld([*inputs[:-1]], output, *flags, "--as-needed", inputs[-1])
    return zig_lld(inputs, output, *flags)


# A program that ends well when it is started for real.
_EXITS = 'void _start(void) { __asm__ volatile ("mov $60, %eax; xor %edi, %edi; syscall"); }'


def _default(kind: str) -> str:
    return "void _start(void) {}" if kind in ("program", "fixed", "static", "bare-pie") else "int unused;"


def _stand_in(target: str, soname: str, work: Path) -> Path:
    source = work / "empty.c"
    source.write_text("")
    empty = zig_cc(target, [source], work / "empty.o", *_COMPILE)
    output = work / f"{recipe_key(soname)}.so"
    return zig_lld([empty], output, "-m", _EMULATIONS[target.split("-")[0]], "-shared", f"-soname={soname}")
