"""Models of printf, strftime, strptime, regcomp and iconv; tests/differential holds them against real ones."""

import pytest

from muslint.libc import iconv, printf, regcomp, strerror, strftime


@pytest.mark.parametrize(
    ("text", "conversion"),
    [
        (b"%Ld", "%Ld"), (b"a %qu b", "%qu"), (b"%-5Zu", "%-5Zu"), (b"%I64d", "%I64d"), (b"%llf", "%llf"),
        (b"50% wide", "% w"), (b"%lld %zu %jd %td %hhx %Lf %m %%", None), (b"%%Ld", None), (b"50%", None), (b"", None),
        (b"%2$*1$d", None),
    ],
)  # fmt: skip
def test_printf_refused(text: bytes, conversion: str | None) -> None:
    """The conversion that loses the text is named."""
    assert printf.refused(text) == conversion


def test_printf_hole() -> None:
    """A position that is left out fails."""
    assert printf.refused(b"%1$d %3$d") == "%3$ with a number left out before it"


@pytest.mark.parametrize(
    ("text", "sure"),
    [(b"got %Ld of %s", "%Ld"), (b"%H:%Ld", None), (b"%y", None), (b"plain", None), (b"%Zd%", None)],
)
def test_printf_gnu_only(text: bytes, sure: str | None) -> None:
    """A constant counts only if every conversion is printf's."""
    assert printf.gnu_only(text) == sure


@pytest.mark.parametrize(
    ("text", "lost", "sure"),
    [
        (b"%k:%M", "%k", "%k"), (b"%^a %d.%m.", "%^a", "%^a"), (b"%P", "%P", None), (b"%Y-%m-%d %-H", None, None),
        (b"%l:%s", "%l", None), (b"%", "%", None),
    ],
)  # fmt: skip
def test_strftime(text: bytes, lost: str | None, sure: str | None) -> None:
    """What is lost, and which constants can only be such formats."""
    assert (strftime.lost(text), strftime.gnu_only(text)) == (lost, sure)


def test_strftime_width() -> None:
    """musl looks at the width of C, F, G and Y only."""
    assert strftime.unpadded(b"%5d") == "%5d"
    assert strftime.unpadded(b"%5Y") is None


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (b"%F %T", "%F", None),
        (b"%k", "%k", "%k"),
        (b"%Y%z", "%z", None),
        (b"%EY", "%EY", "%EY"),
        (b"%d.%m", None, None),
    ],
)
def test_strptime(text: bytes, old: str | None, new: str | None) -> None:
    """1.2.6 reads more than 1.2.5; without a release the newest is meant."""
    assert (strftime.unread(text, "1.2.5"), strftime.unread(text, "1.2.6")) == (old, new)
    assert strftime.unread(text, None) == new


@pytest.mark.parametrize(
    ("pattern", "extended", "part"),
    [
        (b"(a)\\1", True, "\\1"), (b"\\(a\\)\\1", False, None), (b"a{,3}", True, "{,3}"), (b"a{,3}", False, None),
        (b"a\\{1,256\\}", False, "{1,256}"), (b"x[[.a.]]", True, "[.a.]"), (b"[[:alpha:]]", True, None),
        (b"[\\d]", True, None), (b"[", True, None), (b"a{", True, None), (b"\\", False, None),
    ],
)  # fmt: skip
def test_regcomp(pattern: bytes, extended: bool, part: str | None) -> None:
    """The part that musl lacks is named; broken patterns end."""
    assert regcomp.gnu_only(pattern, extended) == part


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (b"ascii//TRANSLIT//IGNORE", ("ASCII", "//TRANSLIT//IGNORE")), (b"//IGNORE", ("", "//IGNORE")),
        (b"utf-8/", ("UTF-8", "/")), (b"ISO-10646/UCS2", ("ISO-10646/UCS2", "")), (b"", ("", "")),
    ],
)  # fmt: skip
def test_iconv_split(name: bytes, parts: tuple[str, str]) -> None:
    """A name and its suffix, as glibc cuts them."""
    assert iconv.split(name) == parts


def test_iconv_releases() -> None:
    """A name is taken from the release on that first has it; others are not glibc's."""
    assert [iconv.taken("CP858", release, write=False) for release in ("1.1.24", "1.2.5", "1.2.6", None)] == [
        False, False, True, True,
    ]  # fmt: skip
    assert iconv.taken("UTF-8", "1.1.24", write=True)
    assert iconv.taken("NOT-A-NAME", "1.2.5", write=True) is None
    assert iconv.taken("GBK", "1.2.5", write=False) and not iconv.taken("GBK", "1.2.5", write=True)


def test_strerror() -> None:
    """glibc's text gives musl's."""
    assert strerror.texts()["Cannot allocate memory"] == "Out of memory"
    assert "No such file or directory" not in strerror.texts()
