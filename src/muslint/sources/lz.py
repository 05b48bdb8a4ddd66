"""LZ4 and LZO1X blocks unpacked in plain Python: what Python itself does not unpack and file systems use.

LZ4: "LZ4 Block Format Description" (lz4_Block_format.md). LZO: "LZO stream format as understood by Linux' LZO
decompressor" (Documentation/staging/lzo.rst).
"""

from __future__ import annotations

from muslint.errors import MalformedArchive

_CUT = "a block ends too early"
_BEFORE = "a block refers to what lies before it"


def lz4_block(data: bytes, limit: int) -> bytes:
    """Unpack one LZ4 block of at most ``limit`` bytes unpacked; raises MalformedArchive."""
    out = bytearray()
    at, end = 0, len(data)
    try:
        while at < end:
            token = data[at]
            at += 1
            length = token >> 4
            if length == 15:
                length, at = _long(data, at, length)
            if at + length > end:
                raise MalformedArchive(_CUT)
            out += data[at : at + length]
            at += length
            if at == end:
                break  # the last sequence is literals alone
            distance = data[at] | data[at + 1] << 8
            at += 2
            length = token & 15
            if length == 15:
                length, at = _long(data, at, length)
            _copy(out, distance, length + 4, limit)
    except IndexError:
        raise MalformedArchive(_CUT) from None
    return bytes(out)


def _long(data: bytes, at: int, length: int) -> tuple[int, int]:
    while (more := data[at]) == 255:
        length += 255
        at += 1
    return length + more, at + 1


def _copy(out: bytearray, distance: int, length: int, limit: int) -> None:
    """Repeat ``length`` bytes from ``distance`` bytes back; what is repeated may itself be repeated."""
    start = len(out) - distance
    if start < 0 or not distance:
        raise MalformedArchive(_BEFORE)
    if len(out) + length > limit:
        raise MalformedArchive("a block grows beyond its size")
    if distance >= length:
        out += out[start : start + length]
    else:
        piece = bytes(out[start:])
        out += (piece * (length // distance + 1))[:length]


def lzo_block(data: bytes, limit: int) -> bytes:
    """Unpack one LZO1X block of at most ``limit`` bytes unpacked; raises MalformedArchive."""
    out = bytearray()
    try:
        _lzo(data, out, limit)
    except IndexError:
        raise MalformedArchive(_CUT) from None
    return bytes(out)


_AFTER_LITERALS = 4
"""The state after a run of literals; below it, the number of literals that followed the last match."""


def _lzo(data: bytes, out: bytearray, limit: int) -> None:
    at = state = 0
    if data[0] > 17:
        length = data[0] - 17
        out += data[1 : 1 + length]
        at, state = 1 + length, min(length, _AFTER_LITERALS)
    while True:
        code = data[at]
        at += 1
        if code < 16 and state == 0:
            length, at = (code, at) if code else _lzo_long(data, at, 15)
            if at + length + 3 > len(data):
                raise MalformedArchive(_CUT)
            out += data[at : at + length + 3]
            at, state = at + length + 3, _AFTER_LITERALS
            continue
        if code >= 64:
            length, distance, state = (code >> 5) + 1, (data[at] << 3 | code >> 2 & 7) + 1, code & 3
            at += 1
        elif code < 16:
            far = state == _AFTER_LITERALS
            length, distance, state = 2 + far, (data[at] << 2 | code >> 2) + (2049 if far else 1), code & 3
            at += 1
        else:
            mask = 31 if code >= 32 else 7
            length, at = (code & mask, at) if code & mask else _lzo_long(data, at, mask)
            word = data[at] | data[at + 1] << 8
            distance = (word >> 2) + 1 if code >= 32 else 16384 + ((code & 8) << 11) + (word >> 2)
            if distance == 16384 and code < 32:
                return  # the end mark
            length, state, at = length + 2, word & 3, at + 2
        _copy(out, distance, length, limit)
        out += data[at : at + state]
        at += state


def _lzo_long(data: bytes, at: int, length: int) -> tuple[int, int]:
    while not data[at]:
        length += 255
        at += 1
    return length + data[at], at + 1
