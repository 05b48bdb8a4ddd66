"""What the rules about constant arguments share: calls and constants as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from muslint.elf.site import CallSite
from muslint.rules.behaviour.behaviour import Proof, Scene
from muslint.rules.finding import Evidence

_SHOWN = 60  # characters of a constant
_NULL = ("setlocale", "bind_textdomain_codeset")  # NULL asks them for what is set
_WITH_NULL = 8  # values an argument may have, NULL among them, of which the others are still taken for what is meant


def quoted(constant: bytes) -> str:
    """A constant as C would write it, cut after 60 characters."""
    text = "".join(
        {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}.get(c, c if c.isprintable() else f"\\x{ord(c):02x}")
        for c in constant[:_SHOWN].decode("utf-8", "backslashreplace")
    )
    return f'"{text}…"' if len(constant) > _SHOWN else f'"{text}"'


def number(site: CallSite, index: int) -> int | None:
    """Argument ``index`` as an ``int``: the low 32 bits with their sign; None where unknown."""
    value = site.argument(index)
    return None if value is None else _signed(value)


def _signed(value: int) -> int:
    return ((value & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000


def texts(site: CallSite, index: int) -> list[tuple[str, bytes]]:
    """The constants argument ``index`` may point to: "certain" where there is only one, else "likely"; also what a
    variable holds at first. A test keeps NULL from a call that can do nothing with it."""
    choices = site.choices(index)
    if 0 in choices and (site.symbol in _NULL or len(choices) > _WITH_NULL):
        return []  # NULL, by one way at least
    only = site.string(index)
    found = (
        [("certain", only)]
        if only is not None
        else [("likely", text) for text in (*site.strings(index), *site.initial(index))]
    )
    return [(confidence, text) for confidence, text in found if plain(text)]


def plain(text: bytes) -> bool:
    """Whether bytes are a text that people wrote; tables and code look like constants too."""
    try:
        return text.translate(None, b"\t\n\r\a\b\f\v\x1b").decode().isprintable()
    except UnicodeDecodeError:
        return False


def listed(site: CallSite, index: int) -> tuple[bytes, ...]:
    """All texts that argument ``index`` may point to: the only one, those of a choice, or those of a table; none where
    it may be any."""
    found = site.strings(index)
    return found if site.whole(index) or len(found) > 1 else ()


def numbers(site: CallSite, index: int) -> list[tuple[str, int]]:
    """As `texts`, for an ``int``."""
    only = number(site, index)
    return [("certain", only)] if only is not None else [("likely", _signed(value)) for value in site.choices(index)]


def call(site: CallSite, *arguments: str) -> str:
    """A call as people write it: ``iconv_open("UTF-7", …)``."""
    return f"{site.symbol}({', '.join(arguments)})"


def at(confidence: str, site: CallSite, text: str) -> Proof:
    """A proof by one call."""
    return Proof(confidence, site.symbol, (Evidence("call-site", site.where, text),), text)


def constant(confidence: str, symbol: str | None, text: bytes) -> Proof:
    """A proof by a constant in memory that cannot change."""
    return Proof(confidence, symbol, (Evidence("string", "read-only data", quoted(text)),), quoted(text))


def imported(confidence: str, *symbols: str) -> Proof:
    """A proof by imports alone."""
    shown = tuple(Evidence("import", symbol, f"imports {symbol}") for symbol in symbols)
    return Proof(confidence, symbols[0], shown, ", ".join(symbols))


def untold(sites: Sequence[CallSite], *indexes: int) -> bool:
    """Whether some call's text argument may be any: neither one or another constant, nor one of a table."""
    if not sites:
        return True
    return not all(listed(site, index) for site in sites for index in indexes)


def first(scene: Scene, triggers: Iterable[str]) -> tuple[str, ...]:
    """The triggers that are imported, in their order."""
    return tuple(name for name in triggers if name in scene.imports)


def together(proofs: Iterable[Proof]) -> Iterator[Proof]:
    """The proofs as they are: `found` makes one finding of them."""
    yield from proofs
