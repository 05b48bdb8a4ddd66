"""Virtual functions of the classes that are derived from a class of another object (Itanium C++ ABI).

The typeinfo of a class with one base is three words: the vtable of its own class, its name, the typeinfo of the base
(2.9.5). A vtable begins with a distance and the typeinfo; the virtual functions follow (2.5.2).
"""

from __future__ import annotations

from muslint.elf.image import Image
from muslint.elf.slots import Slots

_MOST = 64  # classes


def overriding(image: Image, slots: Slots, base: str, number: int) -> list[int]:
    """Addresses of virtual function ``number`` in every class whose one base has the typeinfo called ``base``."""
    word = image.word_size
    found: set[int] = set()
    for place in sorted(slots.kept((base,)))[:_MOST]:
        for vtable in slots.holding(place - 2 * word):
            function = slots.pointer(vtable + (1 + number) * word)
            if function and any(part.address <= function < part.end for part in image.code()):
                found.add(function)
    return sorted(found)
