"""Archives made to eat the machine. Each is made by a recipe, small on disk and large or deep inside."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

MIB = 1 << 20


def million(path: Path) -> None:
    """A tar of a million empty files, compressed."""
    header = tarfile.TarInfo("d000/f000000").tobuf(tarfile.USTAR_FORMAT)
    base, zeros = int(header[148:154], 8), sum(header[:12])
    with gzip.open(path, "wb", 1) as out:
        for number in range(1_000_000):
            name = b"d%03d/f%06d" % (number % 1000, number)
            out.write(name + header[12:148] + b"%06o" % (base - zeros + sum(name)) + header[154:])
        out.write(bytes(1024))


def zeros_gzip(path: Path) -> None:
    """5 GB that begin like an ELF file, in 5 MB."""
    first, more = (gzip.compress(head + bytes(64 * MIB - len(head)), 9, mtime=0) for head in (b"\x7fELF", b""))
    path.write_bytes(first + more * 79)


def zeros_xz(path: Path) -> None:
    """5 GB that begin like an ELF file, in less than 1 MB."""
    block = lzma.compress(b"\x7fELF" + bytes(64 * MIB - 4), preset=0)
    zeros = lzma.compress(bytes(64 * MIB), preset=0)
    path.write_bytes(block + zeros * 79)


def zeros_tar(path: Path) -> None:
    """A tar with one member of 6 GB."""
    info = tarfile.TarInfo("x.so")
    info.size = 6 << 30
    with gzip.open(path, "wb", 1) as out:
        out.write(info.tobuf() + b"\x7fELF")
        for _ in range(1024):
            out.write(bytes(MIB))


def overlapping_zip(path: Path) -> None:
    """300 members of 16 MB that share the same 16 kB: 31 kB that unpack to 4.8 GB."""
    data = b"\x7fELF" + bytes(16 * MIB - 4)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed, crc = packer.compress(data) + packer.flush(), zlib.crc32(data)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(packed), len(data), 1, 0) + b"a" + packed
    central = b""
    for number in range(300):
        name = b"f%d.so" % number
        fields = (20, 20, 0, 8, 0, 0, crc, len(packed), len(data), len(name), 0, 0, 0, 0, 0, 0)
        central += struct.pack("<4s6H3I5H2I", b"PK\1\2", *fields) + name
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 300, 300, len(central), len(local), 0)
    path.write_bytes(local + central + end)


def million_zip(path: Path) -> None:
    """A directory of a million members that are all the same one, in 58 MB."""
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    count = 1_000_000
    with open(path, "wb") as out:
        out.write(local)
        for number in range(count):
            name = b"f%06d.so" % number
            out.write(struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, *(0,) * 7, len(name), *(0,) * 6) + name)
        end = out.tell()
        size = end - len(local)
        out.write(struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, len(local)))
        out.write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
        out.write(struct.pack("<4s4H2IH", b"PK\5\6", *(0xFFFF,) * 4, 0xFFFFFFFF, 0xFFFFFFFF, 0))


def dictionary_xz(path: Path) -> None:
    """A stream that asks for a dictionary of 768 MB, and fills it."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 768 * MIB}]
    packer = lzma.LZMACompressor(format=lzma.FORMAT_XZ, filters=[{**filters[0], "dict_size": 1 * MIB}])
    data = bytearray(packer.compress(b"\x7fELF" + bytes(900 * MIB)) + packer.flush())
    # The size of the dictionary stands in the block header: bits of LZMA2's property byte (xz format 5.3.1).
    header = 12
    at = data.index(b"\x21\x01", header) + 2
    data[at] = 37  # 768 MB
    size = (data[header] + 1) * 4
    data[header + size - 4 : header + size] = struct.pack("<I", zlib.crc32(bytes(data[header : header + size - 4])))
    path.write_bytes(bytes(data))


def nested(wrap: Callable[[str, bytes], bytes]) -> Callable[[Path], None]:
    """64 archives inside one another."""

    def make(path: Path) -> None:
        data = b"\x7fELF" + bytes(100)
        for level in range(64):
            data = wrap(f"n{level}", data)
        path.write_bytes(data)

    return make


def _zip(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(name, data)
    return buffer.getvalue()


def _tgz(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as out:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        out.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def links(path: Path) -> None:
    """Links that go round, links that double at each step, names that lead out."""
    with tarfile.open(path, "w") as out:
        for name, target in (("loop", "loop"), ("a", "b"), ("b", "a"), ("up", "../../../../etc")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            out.addfile(info)
        for level in range(30):
            info = tarfile.TarInfo(f"l{level}")
            info.type, info.linkname = tarfile.SYMTYPE, f"l{level + 1}/l{level + 1}"
            out.addfile(info)
        for name in ("../../etc/passwd", "/etc/passwd", "up/passwd", "loop/x.so", "l0/x.so"):
            info = tarfile.TarInfo(name)
            info.size = 4
            out.addfile(info, io.BytesIO(b"\x7fELF"))


BOMBS: dict[str, tuple[Callable[[Path], None], str]] = {
    "million": (million, "more than 500000 members"),
    "million-zip": (million_zip, "more than 500000 members"),
    "dictionary-xz": (dictionary_xz, "[Mm]emory"),
    "zeros-gzip": (zeros_gzip, "grows more than 200 times"),
    "zeros-xz": (zeros_xz, "grows more than 200 times"),
    "zeros-tar": (zeros_tar, "more than the limit of 4294967296"),
    "overlapping-zip": (overlapping_zip, "grows more than 200 times"),
    "nested-zip": (nested(_zip), "more than 16 archives inside one another"),
    "nested-tgz": (nested(_tgz), "more than 16 archives inside one another"),
    "nested-gzip": (nested(lambda _, data: gzip.compress(data)), "more than 16 archives inside one another"),
    "links": (links, "its name leads out of the archive"),
}
"""Name → how it is made, and what must be said of it."""
