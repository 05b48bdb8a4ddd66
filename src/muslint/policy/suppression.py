"""Findings the user accepted, each with a reason: ``[[suppress]]`` in the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase

from muslint.errors import WrongUse
from muslint.rules.finding import Finding, stem
from muslint.rules.findings import Findings, together

PATTERNS = ("rule", "symbol", "soname", "path", "target")
"""Keys that say which findings are meant; all that are given must match."""

_KEYS = (*PATTERNS, "reason", "expires", "owner")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One accepted cause. Patterns are shell patterns; an empty tuple of them matches everything."""

    where: str  # the file and the number of the entry, for messages
    reason: str
    rule: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    soname: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    expires: date | None = None  # the last day it holds
    owner: str | None = None

    @property
    def title(self) -> str:
        """What it is about, in the words of the file: ``rule symbol-missing, symbol fcntl64``."""
        return ", ".join(f"{key} {' or '.join(patterns)}" for key in PATTERNS if (patterns := getattr(self, key)))

    def meant_for(self, target: str) -> bool:
        """Whether it speaks of this target."""
        return _any(self.target, (target,))

    def covers(self, finding: Finding, path: str, target: str) -> bool:
        """Whether a finding on the object shown as ``path`` is meant, whatever the day.

        ``soname`` is the library the finding names, or the file it is about; ``path`` with a slash is the whole
        path as shown, without one the file name is enough.
        """
        name = path.rpartition("/")[2]
        sonames = [finding.library.rpartition("/")[2]] if finding.library and not finding.symbol else []
        sonames += [finding.object.rpartition("/")[2], stem(finding.object)]
        return (
            self.meant_for(target)
            and _any(self.rule, (finding.rule,))
            and _any(self.symbol, (finding.symbol,) if finding.symbol else ())
            and _any(self.soname, sonames)
            and (not self.path or any(fnmatchcase(path if "/" in p else name, p) or p == path for p in self.path))
        )


def _any(patterns: tuple[str, ...], texts: Iterable[str]) -> bool:
    return not patterns or any(fnmatchcase(text, pattern) for text in texts for pattern in patterns)


class Suppressions:
    """All entries of one run, with what each has done so far."""

    def __init__(self, entries: Iterable[Suppression], today: date) -> None:
        self.entries = tuple(entries)
        self._today = today
        self._used = dict.fromkeys(range(len(self.entries)), 0)

    def settle(self, findings: Findings, path: str, target: str) -> Findings:
        """The findings of one object, those that are accepted marked with the reason."""
        return together(self._settled(finding, path, target) for finding in findings) if self.entries else findings

    def _settled(self, finding: Finding, path: str, target: str) -> Finding:
        for number, entry in enumerate(self.entries):
            if entry.covers(finding, path, target):
                self._used[number] += 1
                if not self._over(entry):
                    return replace(finding, suppressed=entry.reason)
        return finding

    def _over(self, entry: Suppression) -> bool:
        return entry.expires is not None and self._today > entry.expires

    def expired(self) -> list[str]:
        """One line for each entry that is past its day and would have suppressed something."""
        return [
            f"{entry.where}: the suppression of {entry.title} expired on {entry.expires}"
            f"{f' (owner: {entry.owner})' if entry.owner else ''}: {_counted(self._used[number])} again; "
            "cure them or give it a new date"
            for number, entry in enumerate(self.entries)
            if self._over(entry) and self._used[number]
        ]

    def unused(self, target: str) -> list[str]:
        """One line for each entry that speaks of this target and met no finding."""
        return [
            f"{entry.where}: the suppression of {entry.title} meets no finding: remove it"
            for number, entry in enumerate(self.entries)
            if entry.meant_for(target) and not self._used[number]
        ]


def _counted(number: int) -> str:
    return f"{number} findings count" if number != 1 else "1 finding counts"


def parse_suppressions(found: object, file: str, known_rules: Iterable[str]) -> tuple[Suppression, ...]:
    """The entries of a configuration file; raises WrongUse for one that is not as the documentation says."""
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise WrongUse(f"{file}: suppress must be a list of tables: write [[suppress]]")
    rules = tuple(known_rules)
    return tuple(_entry(entry, f"{file}: [[suppress]] {number}", rules) for number, entry in enumerate(found, 1))


def _entry(entry: Mapping[str, object], where: str, rules: tuple[str, ...]) -> Suppression:
    for key in entry:
        if key not in _KEYS:
            raise WrongUse(f"{where}: {unknown('key', key, _KEYS)}")
    patterns = {key: _texts(entry[key], f"{where}: {key}") for key in PATTERNS if key in entry}
    if not patterns.keys() - {"target"}:
        raise WrongUse(f"{where}: says nothing of what is meant: give rule, symbol, soname or path")
    for rule in patterns.get("rule", ()):
        if not any(fnmatchcase(known, rule) for known in rules):
            raise WrongUse(f"{where}: {unknown('rule', rule, rules)}")
    reason, owner = entry.get("reason"), entry.get("owner")
    if not isinstance(reason, str) or not reason.strip():
        raise WrongUse(f"{where}: needs a reason, a text that says why this is accepted")
    if owner is not None and not isinstance(owner, str):
        raise WrongUse(f"{where}: owner must be a text")
    return Suppression(where, reason.strip(), expires=_day(entry.get("expires"), where), owner=owner, **patterns)


def _day(found: object, where: str) -> date | None:
    """A TOML date, or a text of the same form."""
    if found is None or type(found) is date:
        return found
    if isinstance(found, str):
        try:
            return date.fromisoformat(found)
        except ValueError:
            pass
    raise WrongUse(f"{where}: expires must be a day, such as 2027-06-30")


def _texts(found: object, where: str) -> tuple[str, ...]:
    values = found if isinstance(found, list) else [found]
    if not values or not all(isinstance(value, str) and value for value in values):
        raise WrongUse(f"{where} must be a pattern or a list of patterns")
    return tuple(values)


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """``no such KEY``, with the nearest one there is."""
    names = sorted(known)
    near = get_close_matches(given.replace("_", "-"), names, 1, 0.5)
    return f"no such {what}: {given}; " + (f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}")
