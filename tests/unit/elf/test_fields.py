"""Searching code for what points at an address."""

import random
import re

import pytest

from muslint.elf.fields import Lead, addresses, distances, numbers
from muslint.elf.image import Range
from muslint.elf.x86 import X86

LEADS = (Lead(b"\xe8"), Lead(bytes(range(0x80, 0x90)), 0x0F))


@pytest.mark.parametrize("number", [-200, -1, 0x48000, 0x0101_0101, 0x4848_4848, -0x1_0000])
def test_numbers_whose_bytes_repeat(number: int) -> None:
    """The high half is found too where the byte before it is the same."""
    content = b"\x90" * 5 + number.to_bytes(4, "little", signed=True) + b"\x90" * 5
    assert 5 in list(numbers(content, number, number))


@pytest.mark.parametrize("distance", [0x0101_0101, 0x4848_4848, 0x0123_4567, 0x40, -0x40, -0x1_0001])
@pytest.mark.parametrize("lead", [b"\xe8", b"\x0f\x84"])
def test_distances_whose_bytes_repeat(distance: int, lead: bytes) -> None:
    content = b"\x90" * 5 + lead + distance.to_bytes(4, "little", signed=True) + b"\x90" * 5
    target = 0x1000_0000 + 5 + len(lead) + 4 + distance
    found = [pair for pairs in distances(content, 0x1000_0000, LEADS, target, target) for pair in pairs]
    assert found == [(0x1000_0005, target)]


def every(content: bytes, address: int, first: int, last: int) -> set[tuple[int, int]]:
    """The same by looking at each place."""
    found = set()
    for lead in LEADS:
        for hit in re.finditer(rb"(?=" + lead.pattern + rb"(....))", content, re.S):
            target = address + hit.start() + lead.size + 4 + int.from_bytes(hit[1], "little", signed=True)
            if first <= target <= last:
                found.add((address + hit.start(), target))
    return found


@pytest.mark.parametrize("span", [0, 0x10, 0xFFFF, 0x1_0000, 0x1_FFFF, 0x2_0000, 0x30_0000])
@pytest.mark.parametrize("away", [0, 700, 0x1_1170, -0x1_1170, 0x25_0000, -0x25_0000, 0x0101_0101])
def test_distances_are_all_found_and_once(span: int, away: int) -> None:
    """Wherever the high half of a distance changes, and where it is 0 or -1."""
    chance = random.Random(f"{span} {away}")
    for size, address in ((9, 0), (700, 0x40_0000), (90_000, 0x5555_5500_0000)):
        first = address + size // 2 + away
        content = bytearray(chance.randbytes(size))
        for _ in range(size // 40):
            place = chance.randrange(size - 7)
            code = chance.choice((b"\xe8", b"\x0f\x84"))
            distance = chance.randint(first, first + span) - (address + place + len(code) + 4)
            content[place : place + len(code) + 4] = code + distance.to_bytes(4, "little", signed=True)
        made = bytes(content)
        found = [pair for pairs in distances(made, address, LEADS, first, first + span) for pair in pairs]
        assert len(found) == len(set(found))
        assert set(found) == every(made, address, first, first + span)


@pytest.mark.parametrize("code", ["8d83", "8b83", "8b8483", "ffb3", "8dbb"])
def test_distances_from_the_got(code: str) -> None:
    """i386 takes an address, and reads a table, by its distance from the GOT; many are found as few are."""
    got, target = 0x5_6000, 0x4_2010
    machine = X86(4)
    content = b"\x90" * 7 + bytes.fromhex(code) + (target - got).to_bytes(4, "little", signed=True) + b"\x90" * 7
    part = Range(0x1000, content)
    machine.learn([part], [got])
    place = 0x1000 + 7 + len(code) // 2
    assert place in machine.pointers(part, target - 16, target)
    spans = [(0x1_0000 * number, 0x1_0000 * number + 0x2010) for number in range(8)]
    assert (place, target) in [pair for pairs in machine.all_pointers(part, spans) for pair in pairs]


def test_addresses_behind_their_codes() -> None:
    """Near the spans that are asked for, with a code before them; the highest byte may be any."""
    wanted = [(0x40_0010, 0x40_0020), (0x0123_0000, 0x0123_FFFF), (0xFFFF_FF00, 0xFFFF_FFFF)]
    held = (0x40_0012, 0x0123_4567, 0xFFFF_FF80)
    content = b"\x90" * 8 + b"".join(b"\xbf" + number.to_bytes(4, "little") + b"\x90" * 3 for number in held)
    found = {pair for pairs in addresses(content, (rb"[\xb8-\xbf]",), wanted) for pair in pairs}
    assert found == {(9 + 8 * row, number) for row, number in enumerate(held)}
    assert not [pair for pairs in addresses(content, (rb"\x68",), wanted) for pair in pairs]
