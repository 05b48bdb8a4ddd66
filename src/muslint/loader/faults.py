"""The lines of a link in a form that can be held against another link's."""

from __future__ import annotations

from dataclasses import dataclass, field

from muslint.loader.target import Link

Fault = tuple[str, str, str, int]
"""What a line is about, whatever path the loader calls the object by: canonical path, kind, name, number."""


def faults_of(link: Link) -> list[Fault]:
    """The faults of a link, one a line, in the order of its lines."""
    canonical = {mapped.path: mapped.canonical for mapped in link.scope}
    return [(canonical.get(m.object, m.object), m.kind, m.name, m.number) for m in link.messages]


@dataclass(slots=True, eq=False)
class Links:
    """For every object: the faults that occur in each link it takes part in."""

    always: dict[str, frozenset[Fault]] = field(default_factory=dict)
    used_by_program: set[str] = field(default_factory=set)

    def add(self, link: Link, program: bool) -> None:
        """Take in one more link; ``program`` says that it is of a program."""
        faults = frozenset(faults_of(link))
        for mapped in link.scope:
            known = self.always.get(mapped.canonical)
            self.always[mapped.canonical] = faults if known is None else known & faults
        if program:
            self.used_by_program.update(mapped.canonical for mapped in link.scope[1:])
