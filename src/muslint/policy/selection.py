"""Which objects of a source the user wants judged: ``--include`` and ``--exclude``."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Shell patterns on the path people are shown; ``*`` also matches ``/``.

    A pattern without a slash is tried on the file name too. What is left out is not judged, but still
    serves as a library or a program of what is.
    """

    include: tuple[str, ...] = ()  # none: everything
    exclude: tuple[str, ...] = ()

    def wants(self, path: str) -> bool:
        """Whether ``path`` is matched by an include pattern, or there is none, and by no exclude pattern."""
        return (not self.include or _matches(path, self.include)) and not _matches(path, self.exclude)


EVERYTHING = Selection()
"""No patterns: every object."""


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    name = path.rpartition("/")[2]
    return any(fnmatchcase(path, p) or ("/" not in p and fnmatchcase(name, p)) for p in patterns)
