"""The lines of a link in a form that can be held against another link's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from muslint.loader.target import Link

Fault = tuple[str, str, str, int]
"""What a line is about, whatever path the loader calls the object by: canonical path, kind, name, number."""


def faults_of(link: Link) -> list[Fault]:
    """The faults of a link, one a line, in the order of its lines."""
    canonical = {mapped.path: mapped.canonical for mapped in link.scope}
    return [(canonical.get(m.object, m.object), m.kind, m.name, m.number) for m in link.messages]


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """What the links of one place say together."""

    always: Mapping[str, frozenset[Fault]]
    """For an object that takes part in several links: the faults that occur in each. Most are in their own alone."""
    used_by_program: frozenset[str]
    """Objects that some program loads."""

    def counts(self, canonical: str, fault: Fault) -> bool:
        """Whether a fault of a link of this object occurs in each of its links."""
        return canonical not in self.always or fault in self.always[canonical]


def links_of(links: Iterable[tuple[Link, bool]]) -> Links:
    """The links together; each with whether it is of a program."""
    links = tuple(links)
    taking_part = Counter(mapped.canonical for link, _ in links for mapped in link.scope)
    always: dict[str, frozenset[Fault]] = {}
    for link, _ in links:
        several = [mapped.canonical for mapped in link.scope if taking_part[mapped.canonical] > 1]
        faults = frozenset(faults_of(link)) if several else frozenset()
        for canonical in several:
            always[canonical] = always[canonical] & faults if canonical in always else faults
    used = (mapped.canonical for link, program in links if program for mapped in link.scope[1:])
    return Links(always, frozenset(used))
