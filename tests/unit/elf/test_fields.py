"""Searching code for what points at an address."""

import pytest

from muslint.elf.fields import Lead, distances, numbers

LEADS = (Lead(1, rb"\xe8"), Lead(2, rb"\x0f[\x80-\x8f]"))


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
