"""What `muslint explain` says, as values: one thing, the facts known of it, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Fact(NamedTuple):
    """One thing known, for people as ``text`` and for programs as ``value``."""

    key: str  # one word: glibc, musl, alpine, gcompat, header …
    text: str
    value: object  # plain data: strings, numbers, lists and dictionaries of them


@dataclass(frozen=True, slots=True)
class Explanation:
    """One symbol, soname, rule, symbol version or message in a few facts."""

    kind: str  # "symbol", "soname", "rule", "version", "message"
    name: str
    summary: str  # what it is, one line
    facts: tuple[Fact, ...] = ()
    advice: tuple[str, ...] = ()  # what to do, the best first
    about: tuple[Explanation, ...] = ()  # what a message names
