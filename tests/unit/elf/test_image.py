"""Which bytes of a file are looked at, and where the texts in them begin and end."""

import re
from dataclasses import replace

import pytest

from muslint.elf.constants import Constants
from muslint.elf.image import PF_R, PF_W, PF_X, Image
from muslint.elf.listed import listed_library
from muslint.elf.object import PT_GNU_RELRO, PT_LOAD, Segment
from muslint.sources.bytes import MemoryBytes

_CONTENT = b"a" * 7 + b"xUTF-16\0UTF-8\0tail\0"
_BASE = 0x1000


def _image(content: bytes, *segments: Segment) -> Image:
    return Image(replace(listed_library("/lib/libx.so", "x86_64", (), ()), segments=segments), MemoryBytes(content))


def _of_relro(start: int, end: int) -> Constants:
    """The constants of a writable segment of which some bytes cannot change."""
    size = len(_CONTENT)
    return Constants(_image(
        _CONTENT,
        Segment(PT_LOAD, PF_R | PF_W, 0, _BASE, size, size, 4096),
        Segment(PT_GNU_RELRO, PF_R, start, _BASE + start, end - start, end - start, 1),
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [
        (0, len(_CONTENT), {b"UTF-16": False, b"UTF-8": True, b"tail": True}),
        (8, len(_CONTENT), {b"UTF-16": True, b"UTF-8": True, b"tail": True}),
        (8, 14, {b"UTF-16": False, b"UTF-8": False, b"tail": False}),
        (8, 20, {b"UTF-16": True, b"UTF-8": False, b"tail": False}),
        (8, 21, {b"UTF-16": True, b"UTF-8": True, b"tail": False}),
    ],
)
def test_whole_constants_begin_and_end_in_their_memory(start: int, end: int, held: dict[bytes, bool]) -> None:
    found = _of_relro(start, end)
    assert {text: text in found for text in held} == held
    whole = {text for text, there in held.items() if there}
    assert whole <= set(found) == set(_CONTENT[start:end].split(b"\0")[:-1])
    assert {text for text in held if text in set(found.holding(text))} == whole
    assert set(found.around(re.compile(rb"UTF-\d+"))) & set(held) == whole - {b"tail"}


def test_constants_are_told_by_address() -> None:
    assert list(_of_relro(8, len(_CONTENT)).spans([b"UTF-8"])) == [(_BASE + 15, _BASE + 19)]


def test_nothing_lies_beyond_the_last_address() -> None:
    """A header may say so; the kernel maps no such segment."""
    size = 64
    ends = [(1 << 64) - size, (1 << 64) - size + 1]
    images = [_image(bytes(size), Segment(PT_LOAD, PF_R | PF_X, 0, at, size, size, 1)) for at in ends]
    assert [[part.address for part in image.code()] for image in images] == [[ends[0]], []]
