"""Single compressed streams: gzip, bzip2, xz, lzma, zstd. What is inside is looked at as if it lay there bare."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from muslint.errors import MalformedArchive
from muslint.sources.archive import Compression

_READ = 1 << 15
XZ_MEMORY = 200 << 20
"""Bytes the unpacker of xz and lzma may take: ``xz -9`` needs 65 MiB, zstd's widest window here takes 128."""
_MAGIC = 16
"""Bytes that tell whether another member follows."""


class Unpacked(io.RawIOBase):
    """A stream of members that follow one another, unpacked on the way."""

    def __init__(
        self,
        packed: BinaryIO,
        fresh: Callable[[], Any],
        starts: Callable[[bytes], bool],
        damaged: tuple[type[Exception], ...] = (),
    ) -> None:
        """``damaged`` is what the unpacker raises for broken bytes beyond what every unpacker does."""
        super().__init__()
        self._packed, self._fresh, self._starts, self._damaged = packed, fresh, starts, damaged
        self._unpacker: Any = fresh()
        self._input = b""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes, b"" at the end; EOFError where the packed stream ends too early."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        while size:
            if self._unpacker.eof:
                self._input = self._unpacker.unused_data
                while len(self._input) < _MAGIC and (more := self._packed.read(_READ)):
                    self._input += more
                # Zeros after the last member are padding; anything else that is no member ends it too.
                if not self._starts(self._input):
                    return b""
                self._unpacker = self._fresh()
            data: bytes = self._step(size)
            if data:
                return data
        return b""

    def _step(self, size: int) -> bytes:
        ended = False
        if not self._input and getattr(self._unpacker, "needs_input", True):
            self._input = self._packed.read(_READ)
            ended = not self._input
        given, self._input = self._input, b""
        try:
            data: bytes = self._unpacker.decompress(given, size)
        except self._damaged as error:
            raise MalformedArchive(str(error)) from None
        self._input = getattr(self._unpacker, "unconsumed_tail", b"")
        if ended and not data and not self._unpacker.eof:
            raise EOFError("it ends too early")
        return data


def _gzip(packed: BinaryIO) -> BinaryIO:
    return Unpacked(packed, lambda: zlib.decompressobj(wbits=31), _is_gzip)  # type: ignore[return-value]


def _bzip2(packed: BinaryIO) -> BinaryIO:
    import bz2

    return Unpacked(packed, bz2.BZ2Decompressor, _is_bzip2)  # type: ignore[return-value]


def _xz(packed: BinaryIO) -> BinaryIO:
    import lzma

    def fresh() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=XZ_MEMORY)

    return Unpacked(packed, fresh, _is_xz)  # type: ignore[return-value]


def zstd_module() -> Any:
    """The zstd of Python 3.14 and later, or its backport."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from backports import zstd  # type: ignore[no-redef, unused-ignore]
    return zstd


def _zstd(packed: BinaryIO) -> BinaryIO:
    zstd = zstd_module()

    def fresh() -> Any:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 27})

    return Unpacked(packed, fresh, _is_zstd, (zstd.ZstdError,))  # type: ignore[return-value]


def _is_gzip(head: bytes) -> bool:
    return head.startswith(b"\x1f\x8b\x08")


def _is_bzip2(head: bytes) -> bool:
    return head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")


def _is_xz(head: bytes) -> bool:
    return head.startswith(b"\xfd7zXZ\0")


def _is_lzma(head: bytes) -> bool:
    # No magic: the usual properties byte, a dictionary of a power of two, and a size that is unknown or sane.
    return (
        head.startswith(b"\x5d\0\0")
        and head[3:5]
        in (b"\x01\0", b"\x10\0", b"\x20\0", b"\x40\0", b"\x80\0", b"\0\x01", b"\0\x02", b"\0\x04", b"\0\x08")
        and (head[5:13] == b"\xff" * 8 or head[10:13] == b"\0\0\0")
        and head[13:14] == b"\0"
    )


def _is_zstd(head: bytes) -> bool:
    return head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F)


COMPRESSIONS = (
    Compression("gzip", (".gz", ".gzip", ".tgz", ".z"), (b"\x1f\x8b\x08",), _is_gzip, _gzip),
    Compression("bzip2", (".bz2", ".tbz2", ".tbz"), (b"BZh",), _is_bzip2, _bzip2),
    Compression("xz", (".xz", ".txz"), (b"\xfd7zXZ\0",), _is_xz, _xz),
    Compression("lzma", (".lzma", ".tlz"), (b"\x5d\0\0",), _is_lzma, _xz),
    Compression(
        "zstd",
        (".zst", ".zstd", ".tzst"),
        (b"\x28\xb5\x2f\xfd", *(bytes((first,)) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))),
        _is_zstd,
        _zstd,
    ),
)
