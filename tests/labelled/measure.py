"""Make the programs, ask the rules, count what was right."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path

from muslint.pipeline import check
from tests.support.cache import REPOSITORY
from tests.support.compile import cross_cc, zig_cc

OWN = tuple(
    Path(__file__).with_name(name)
    for name in (
        "programs.toml",
        "people.toml",
        "unseen.toml",
        "strange.toml",
        "fourth.toml",
        "fifth.toml",
        "sixth.toml",
    )
)
OTHERS = REPOSITORY / "fixtures" / "witness" / "programs.toml"
TARGET = "musl:1.2.5"
HEADERS = (
    "errno", "fcntl", "fnmatch", "getopt", "glob", "iconv", "langinfo", "libintl", "locale", "math", "regex", "stdarg",
    "stdio", "stdlib", "string", "time", "unistd", "wchar", "wordexp",
)  # fmt: skip
"""What the programs beside the witnesses include."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to make a program."""

    arch: str
    compiler: str  # gcc or zig
    level: str  # -O0 …
    form: str

    def __str__(self) -> str:
        return f"{self.arch} {self.compiler} {self.level} {self.form}"

    @property
    def flags(self) -> tuple[str, ...]:
        """What the compiler is told."""
        return (self.level, *FORMS[self.form])


FORMS = {
    "pie": ("-fPIE", "-pie"),
    "no-pie": ("-fno-pie", "-no-pie"),
    "pie no-plt": ("-fPIE", "-pie", "-fno-plt"),
    "no-pie no-plt": ("-fno-pie", "-no-pie", "-fno-plt"),
    "stripped": ("-fPIE", "-pie", "-s"),
    "whole": ("-fPIE", "-pie", "-flto", "-s", "-Wl,-z,now"),
    "fortified": ("-fPIE", "-pie", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong"),
}
OTHERS_TOO = (
    Kind("x86_64", "gcc", "-O3", "pie"), Kind("x86_64", "gcc", "-O3", "whole"),
    Kind("x86_64", "gcc", "-O2", "fortified"), Kind("aarch64", "gcc", "-O3", "whole"),
    Kind("aarch64", "gcc", "-O2", "fortified"), Kind("aarch64", "zig", "-O3", "pie"),
)  # fmt: skip
KINDS = (
    *(
        Kind(*parts)
        for parts in product(("x86_64", "aarch64"), ("gcc", "zig"), ("-O0", "-O1", "-O2", "-Os"), [*FORMS][:5])
    ),
    *OTHERS_TOO,
)
"""Every way."""
FEW = tuple(
    Kind(*parts)
    for parts in (
        ("x86_64", "gcc", "-O0", "pie"), ("x86_64", "gcc", "-O2", "no-pie no-plt"),
        ("x86_64", "zig", "-Os", "pie no-plt"),
        ("x86_64", "zig", "-O2", "stripped"), ("aarch64", "zig", "-O0", "no-pie"), ("aarch64", "zig", "-O2", "pie"),
        ("aarch64", "gcc", "-Os", "pie"),
    )
)  # fmt: skip
"""Some that differ most."""


DROPPED = {("realloc1", "zig"): ("-O1", "-O2", "-Os")}
"""Programs of which a compiler leaves out what would show: clang drops the allocation and both calls."""
ASKED = {"zig": frozenset(("thread-default-stack",))}
"""Rules that show on nothing a compiler makes: zig asks for stacks of 16 MiB in PT_GNU_STACK."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program and the rules that must show, as certain or likely."""

    name: str
    rules: frozenset[str]
    text: str
    language: str = "c"
    shared: bool = False  # a library

    def of_kind(self, kind: Kind) -> bool:
        """Whether it is made so: what is C++ by the machine's own compiler alone."""
        return self.language == "c" or (kind.arch, kind.compiler) == ("x86_64", "gcc")


@cache
def programs() -> tuple[Program, ...]:
    """Every program."""
    found = []
    for file in (*OWN, OTHERS):
        for row in tomllib.loads(file.read_text(encoding="utf-8"))["program"]:
            lines = [] if file in OWN else ["#define _GNU_SOURCE", *(f"#include <{name}.h>" for name in HEADERS)]
            text = "\n".join((*lines, row["text"]))
            found.append(
                Program(row["name"], frozenset(row["rules"]), text, row.get("language", "c"), row.get("shared", False))
            )
    return tuple(found)


@cache
def group() -> frozenset[str]:
    """The rules the programs are about; what others say is not counted."""
    return frozenset(rule for program in programs() for rule in program.rules)


@dataclass(slots=True)
class Score:
    """What was right and wrong."""

    right: int = 0
    false: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (rule, program, kind) that should not show
    missed: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, other: "Score") -> None:
        """Count another score in."""
        self.right += other.right
        self.false += other.false
        self.missed += other.missed

    @property
    def precision(self) -> float:
        """Share of what was said that was right."""
        return self.right / max(self.right + self.false.total(), 1)

    @property
    def recall(self) -> float:
        """Share of what should have been said that was."""
        return self.right / max(self.right + self.missed.total(), 1)


def made(program: Program, kind: Kind, folder: Path) -> Path:
    """The program made one way; raises `Unavailable` without the compiler."""
    source = folder / ("program.c" if program.language == "c" else "program.cpp")
    source.write_text(program.text)
    output = folder / "program"
    flags = [*kind.flags, "-w"]
    if program.shared or "crypt(" in program.text:  # neither zig nor the cross compiler brings libcrypt
        flags = [flag for flag in flags if "pie" not in flag.lower()] + ["-shared", "-fPIC"]
    if kind.compiler == "zig":
        return zig_cc(f"{kind.arch}-linux-gnu.2.36", [source], output, "-fno-sanitize=undefined", *flags, "-lm")
    compiler = f"{kind.arch}-linux-gnu-{'gcc' if program.language == 'c' else 'g++'}"
    return cross_cc(compiler, [source], output, "-U_FORTIFY_SOURCE", *flags, "-lm")


def score(program: Program, kind: Kind, folder: Path) -> Score:
    """Ask the rules about one program made one way."""
    file = made(program, kind, folder)
    dropped = kind.level in DROPPED.get((program.name, kind.compiler), ())
    wanted = frozenset() if dropped else program.rules - ASKED.get(kind.compiler, frozenset())
    said = {
        finding.rule
        for judged in check(str(file), on=TARGET).objects
        for finding in judged.findings
        if finding.confidence != "possible"
    } & group()
    found = Score(right=len(said & wanted))
    found.false.update((rule, program.name, str(kind)) for rule in said - wanted)
    found.missed.update((rule, program.name, str(kind)) for rule in wanted - said)
    return found


def lines(total: Score) -> Iterator[str]:
    """The score for people."""
    must = total.right + total.missed.total()
    yield f"precision {total.precision:.2%}, recall {total.recall:.2%} of {must} that must show"
    for what, wrong in (("false", total.false), ("missed", total.missed)):
        for rule, program, kind in sorted(wrong):
            yield f"  {what}: {rule} on {program!r} made by {kind}"
