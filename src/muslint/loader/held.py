"""What a loader keeps of the files it has read: about so many bytes, those used last."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

_Facts = TypeVar("_Facts")


class Held(Generic[_Facts]):
    """What is known of files, by what tells a file from others. What is let go is read again when it is asked for."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[_Facts, int]] = {}  # those used last at the end
        self._size = 0

    def __contains__(self, identity: Hashable) -> bool:
        return identity in self._known

    def get(self, identity: Hashable) -> _Facts | None:
        """What is known of a file; to ask is not to use it."""
        found = self._known.get(identity)
        return None if found is None else found[0]

    def taken(self, identity: Hashable) -> _Facts | None:
        """Take out what is known of a file."""
        found = self._known.pop(identity, None)
        if found is None:
            return None
        self._size -= found[1]
        return found[0]

    def keep(self, identity: Hashable, facts: _Facts, most: int) -> None:
        """Put in what is known, as used last, with the size it has now; about ``most`` bytes are kept, or this one."""
        self.taken(identity)
        size: int = getattr(facts, "size", 0)  # what is wrong with a file takes no room to speak of
        self._known[identity] = facts, size
        self._size += size
        self.bound(most, 1)

    def bound(self, most: int, least: int = 0) -> None:
        """Let go what was unused longest until the rest takes ``most`` bytes, or is of ``least`` files."""
        while self._size > most and len(self._known) > least:
            self.taken(next(iter(self._known)))
