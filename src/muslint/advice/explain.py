"""`muslint explain`: from any text to what it means.

A message may wrap another (a JVM's around the loader's) and may have many lines: every form that occurs is told once,
and what it names is explained after it.
"""

from __future__ import annotations

import re

from muslint.advice.explain_library import explain_library, explain_rule
from muslint.advice.explain_symbol import explain_symbol
from muslint.advice.explain_version import explain_version
from muslint.advice.explanation import Explanation, Fact
from muslint.advice.messages import FORMS, Form
from muslint.rules import rules

LONGEST = 64 << 10
"""Characters of a text that are looked at."""

LONGEST_LIST = 200
"""Words of a text that are looked up."""

_MOST = 20  # names explained of one text
_WRAPPERS = frozenset({"jvm", "exit-127", "dotnet-dll", "crash", "no-such-file", "shell-not-found", "runtime-exec"})
_SAY_LITTLE = frozenset({"exec-format", "needed-by"})


def explain(text: str, arch: str = "x86_64") -> Explanation | None:
    """Explain a symbol, soname, rule id, symbol version or pasted message; None for what nothing is known of."""
    text = text.strip()[:LONGEST]
    if not text:
        return None
    if not any(space in text for space in " \t\n"):
        return explain_name(text, arch)
    return _message(text, arch)


def explain_name(name: str, arch: str = "x86_64") -> Explanation | None:
    """Explain one word: a rule id, a symbol version, a library's name or a symbol."""
    return (
        explain_rule(name)
        or explain_version(name, arch)
        or explain_library(name, arch)
        or explain_symbol(name, arch)
        or (_message(name, arch) if ":" in name or "//" in name else None)
    )


def _message(text: str, arch: str) -> Explanation | None:
    found: list[tuple[Form, dict[str, str]]] = []
    rest = text
    for form in FORMS:
        for match in form.pattern.finditer(rest):
            fields = {key: value for key, value in match.groupdict().items() if value}
            found.append((form, fields))
        # What one form explained is no matter for the more general ones after it.
        rest = form.pattern.sub("", rest)
    told = [pair for pair in found if pair[0].id not in _WRAPPERS | _SAY_LITTLE] or found
    if not told:
        return _names_in(text, arch)
    first = told[0][0]
    forms = list({form.id: form for form, _ in [*told, *found]}.values())
    facts = [Fact("says", first.says, first.says), *_named(told[0][1])]
    facts += [Fact("means", form.means, form.id) for form in forms]
    known = {rule.id for rule in rules()}
    foreseen = dict.fromkeys(form.rule for form in forms if form.rule in known)
    facts += [Fact("rule", f"muslint check foresees it as {rule}", rule) for rule in foreseen]
    advice = tuple(dict.fromkeys(line for form in forms for line in form.advice))
    return Explanation("message", first.id, first.means, tuple(facts), advice, _about(told, arch))


_WORD = re.compile(r"[A-Za-z_][\w.+-]*(?:@@?\w[\w.]*)?")
_DISTINCT = re.compile(r"_|\d|\.so")
"""Words that name a function or a library are seldom English where they hold one of these."""


def _names_in(text: str, arch: str) -> Explanation | None:
    """Of a text that is no message muslint knows: the names in it, for people shorten what they paste."""
    words = dict.fromkeys(word.rstrip(".-") for word in _WORD.findall(text) if _DISTINCT.search(word))
    told = [found for word in list(words)[:LONGEST_LIST] if (found := explain_name(word, arch)) is not None]
    if not told:
        return None
    return Explanation(
        "message", "names", "no message that muslint knows; the names in it", (), (), tuple(told[:_MOST])
    )


def _named(fields: dict[str, str]) -> list[Fact]:
    return [Fact(key, value, value) for key, value in fields.items() if key in ("object", "number", "program", "why")]


def _about(found: list[tuple[Form, dict[str, str]]], arch: str) -> tuple[Explanation, ...]:
    """What the messages name, explained: versions, libraries and symbols, each once, in their order."""
    names = dict.fromkeys(
        fields[key] for _, fields in found for key in ("version", "library", "symbol") if fields.get(key)
    )
    told = (explain_name(name, arch) for name in list(names)[:_MOST])
    return tuple(item for item in told if item is not None)


def nearest(text: str, count: int = 3) -> tuple[str, ...]:
    """Names muslint knows that look most like ``text``, best first; empty where none comes near."""
    from difflib import SequenceMatcher

    wanted = _pairs(text)
    if not wanted or len(text) > 200:
        return ()
    scored = []
    for name in _all_names():
        if abs(len(name) - len(text)) <= max(3, len(text) // 2):
            own = _pairs(name)
            shared = len(wanted & own)
            if shared * 2 >= min(len(wanted), len(own)):
                scored.append((-2 * shared / (len(wanted) + len(own)), name))
    best = sorted(scored)[:40]
    close = sorted((-SequenceMatcher(None, text, name).ratio(), name) for _, name in best)
    return tuple(name for ratio, name in close if ratio <= -0.7)[:count]


def _pairs(text: str) -> frozenset[str]:
    lower = f"^{text.lower()}$"
    return frozenset(lower[i : i + 2] for i in range(len(lower) - 1))


def _all_names() -> tuple[str, ...]:
    from muslint.libc.glibc import symbols
    from muslint.libc.musl import model, releases
    from muslint.libc.sonames import known

    held = {*symbols("x86_64"), *model(releases()[-1], "x86_64").exports, *known(), *(rule.id for rule in rules())}
    return tuple(sorted(held))
