"""What the models of iconv, printf, strftime, strptime, regcomp and strerror say, held against real libraries."""

from collections.abc import Sequence
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from muslint.libc import iconv, printf, regcomp, strerror, strftime
from tests.support.cache import REPOSITORY
from tests.support.compile import zig_cc
from tests.witness.machine import MUSL_RELEASES, Request, machine, output

SOURCE = REPOSITORY / "fixtures" / "libc" / "ask.c"
MACHINES = {release: f"musl-{release}" for release in MUSL_RELEASES}


@cache
def _program() -> bytes:
    with TemporaryDirectory() as folder:
        made = zig_cc("x86_64-linux-gnu.2.36", [SOURCE], Path(folder) / "ask", "-Wno-format-nonliteral")
        return made.read_bytes()


def ask(name: str, what: str, lines: Sequence[str]) -> list[str]:
    """The answers of the C library of a machine, one for each line."""
    request = Request(
        ["/witness/ask", what], {"/witness/ask": ("0755", _program())}, {}, "".join(f"{x}\n" for x in lines), 60, None
    )
    answers = output(machine(name), request).split("\n")[:-1]
    assert len(answers) == len(lines)
    return answers


@pytest.mark.parametrize("release", MUSL_RELEASES)
def test_charsets(release: str) -> None:
    """musl opens the names that the table says, in the directions that it says; glibc opens all."""
    names = sorted(iconv.charsets())
    real = dict(zip(names, ask(MACHINES[release], "iconv", names), strict=True))
    modelled = {
        name: "".join(
            letter if iconv.taken(name, release, write=write) else "-" for letter, write in (("F", False), ("T", True))
        )
        for name in names
    }
    assert modelled == real


def test_charsets_of_glibc() -> None:
    """Every name of the table is one that glibc converts both ways."""
    names = sorted(iconv.charsets())
    assert set(ask("glibc", "iconv", names)) == {"FT"}


PRINTF = [
    f"<%{flag}{width}{length}{letter}>"
    for flag, width, length, letter in product(
        ("", "0", "-", "+", "#", " ", "'", "I"),
        ("", "7", ".3", "7.3"),
        ("", "h", "hh", "l", "ll", "L", "q", "j", "z", "Z", "t"),
        "abcdefgikmopuvwxyABCDEFGHJKMNOPQRTUVWXY!/?_",
    )
] + [
    "%1$d",
    "%2$d",
    "%1$d %2$d",
    "%1$d %3$d",
    "%2$*1$d",
    "%3$*1$d",
    "%1$.*2$d",
    "100%5%",
    "50% of",
    "%%",
    "%%d",
    "%I64d",
    "%hs",
    "%s",
]


@pytest.mark.parametrize("release", MUSL_RELEASES)
def test_printf(release: str) -> None:
    """A format is said to fail on musl exactly where it fails there and not on glibc."""
    there, here = ask(MACHINES[release], "printf", PRINTF), ask("glibc", "printf", PRINTF)
    real = [text for text, m, g in zip(PRINTF, there, here, strict=True) if (m, g) == ("fails", "ok")]
    assert [text for text in PRINTF if printf.refused(text.encode())] == real


STRFTIME = [
    f"%{flag}{width}{modifier}{letter}"
    for flag, width, modifier, letter in product(
        ("", "-", "_", "0", "^", "#", "+", "-+", "_^"), ("", "5"), ("", "E", "O"),
        "aAbBcCdDeFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ+%:",
    )
]  # fmt: skip


@pytest.mark.parametrize("release", MUSL_RELEASES)
def test_strftime(release: str) -> None:
    """A format is said to be lost on musl exactly where strftime returns 0 there."""
    there, here = ask(MACHINES[release], "strftime", STRFTIME), ask("glibc", "strftime", STRFTIME)
    assert set(here) == {"ok"}
    real = [text for text, answer in zip(STRFTIME, there, strict=True) if answer == "lost"]
    assert [text for text in STRFTIME if strftime.lost(text.encode())] == real


STRPTIME = [
    f"%{flag}{modifier}{letter}"
    for flag, modifier, letter in product(
        ("", "-", "_", "0", "^", "#"), ("", "E", "O"), "aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYzZ%+vLNq"
    )
    if (flag, letter) not in (("-", "z"), ("_", "z"))  # strftime writes them so that strptime cannot read them
]


@pytest.mark.parametrize("release", MUSL_RELEASES)
def test_strptime(release: str) -> None:
    """A format is said to be unread exactly where glibc reads a text made by it and musl does not."""
    texts = ask("glibc", "example", STRPTIME)
    lines = [f"{form}\t{text}" for form, text in zip(STRPTIME, texts, strict=True)]
    there, here = ask(MACHINES[release], "strptime", lines), ask("glibc", "strptime", lines)
    real = [form for form, m, g in zip(STRPTIME, there, here, strict=True) if (m, g) == ("NULL", "ok")]
    assert [form for form in STRPTIME if strftime.unread(form.encode(), release)] == real


PATTERNS: dict[str, tuple[str, ...]] = {
    r"\w+": ("a", "-"), r"\W": ("a", "-"), r"\s": (" ", "s"), r"\S": (" ", "s"), r"\bfoo\b": ("a foo", "afoo"),
    r"\<a\>": ("a", "ba"), r"\Boo": ("foo", "oo"), r"\.": (".", "a"), r"\/": ("/", "a"), r"\-": ("-", "a"),
    r"\d": ("d", "1"), r"\D": ("D", "x"), r"\n": ("n",), r"\t": ("t",), r"\r": ("r",), r"\f": ("f",), r"\a": ("a",),
    r"\e": ("e",), r"\x41": ("A", "x41"), r"\v": ("v",), r"\y": ("y",), r"\Q": ("Q",), r"\Z": ("Z",),
    "\\`ab": ("ab",), r"ab\'": ("ab",), "[[.a.]]": ("a",), "[[=a=]]": ("a",), "[[.-.]]": ("-",), "[[=a=]b]": ("b",),
    "[[:alpha:][:digit:]]": ("1", "-"), "[a-c-e]": ("-",), "[]a]": ("]",), "[^]a]": ("b",), r"[\w]": ("w",),
    r"[\d]": ("d", "1"), "[a.b]": (".",), "[=]": ("=",), "a[.]b": ("a.b",), "^ab$": ("ab", "b"), "a.c": ("abc",),
    "a*": ("aaa",), "[a": ("a",),
}  # fmt: skip
BASIC = PATTERNS | {
    r"a\{,3\}b": ("ab",), r"a\{1,255\}": ("a",), r"a\{1,256\}": ("a",), r"\(a\)\1": ("aa", "ab"), r"a\+": ("aa",),
    r"a\?b": ("b",), r"a\|b": ("b",), r"\+a": ("+a",), r"\?a": ("?a",), "*a": ("*a",), r"\(*a\)": ("*a",),
    r"\(a\)\{0,1\}": ("b",), "a{,3}": ("a{,3}",), "(a)": ("(a)",), r"\(^a\)": ("a",), r"a\{2,3\}": ("aa", "a"),
}  # fmt: skip
EXTENDED = PATTERNS | {
    r"(a)\1": ("aa",), r"(a)(b)\2": ("abb",), "a{,3}b": ("ab",), "a{1,255}": ("a",), "a{1,256}": ("a",),
    "a{300}": ("a",), "a+b?": ("a",), "a|b": ("b",), "(|a)b": ("b",), "a||b": ("b",), "a|": ("x",), "()": ("",),
    "a{2}": ("aa", "a"), "a{2,}": ("aa", "a"), "(a*)*": ("aab",), r"\{": ("{",), r"\(a\)": ("(a)",),
    "a{1,3}{2}": ("aaa",), "a**": ("aa",), "(^a)": ("a",), ")": (")",), "+a": ("+a",), "(?:a)": ("a",),
}  # fmt: skip


@pytest.mark.parametrize("release", MUSL_RELEASES)
@pytest.mark.parametrize("extended", [False, True], ids=["basic", "extended"])
def test_regcomp(release: str, extended: bool) -> None:
    """A pattern is said to be GNU's own exactly where some text shows a difference."""
    cases = [(pattern, text) for pattern, texts in (EXTENDED if extended else BASIC).items() for text in texts]
    lines = [f"{int(extended)}\t{pattern}\t{text}" for pattern, text in cases]
    there, here = ask(MACHINES[release], "regcomp", lines), ask("glibc", "regcomp", lines)
    real = {case[0] for case, m, g in zip(cases, there, here, strict=True) if m != g}
    assert {pattern for pattern, _text in cases if regcomp.gnu_only(pattern.encode(), extended)} == real


@pytest.mark.parametrize("release", MUSL_RELEASES)
def test_strerror(release: str) -> None:
    """The table has each of glibc's texts that musl words otherwise."""
    numbers = [str(number) for number in range(134)]
    there, here = ask(MACHINES[release], "strerror", numbers), ask("glibc", "strerror", numbers)
    real = {g: m for g, m in zip(here, there, strict=True) if g != m and not g.startswith("Unknown error")}
    modelled = strerror.texts()
    assert modelled.keys() == real.keys()
    own = {"Structure needs cleaning", "No XENIX semaphores available"}  # texts that 1.2.6 has and earlier ones lack
    assert {text for text in real if modelled[text] != real[text]} <= own
