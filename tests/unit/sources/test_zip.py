"""Zip archives: what cannot be read is skipped with the reason, and the rest is read."""

import errno
import io
import random
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from muslint.errors import MuslintError, UnreadableSource
from muslint.pipeline import check
from muslint.policy.verdict import Verdict
from muslint.sources import zip as module
from muslint.sources.limits import Limits
from muslint.sources.source import open_source
from tests.support import compile as compiler
from tests.unit.rules.cases import COMMON


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small shared library for musl."""
    output = tmp_path_factory.mktemp("library") / "part.so"
    return compiler.zig_cc("x86_64-linux-musl", [COMMON / "part.c"], output, "-shared", "-fPIC").read_bytes()


def archive(folder: Path, members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """An archive of these members, in this order."""
    path = folder / "x.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as out:
        warnings.simplefilter("ignore")  # a second member of one name is meant
        for name, data in members:
            out.writestr(name, data)
    return path


def outcome(path: Path, limits: Limits | None = None) -> tuple[list[str], dict[str, str]]:
    """Paths judged, and paths skipped with the reason."""
    report = check(str(path), on="alpine:3.23", limits=limits)
    assert all(judged.verdict is Verdict.RUNS for judged in report.objects)
    assert all(judged.parents == (str(path),) for judged in report.objects)
    return [judged.path for judged in report.objects], {s.path: s.reason for s in report.skipped}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods(method: int, tmp_path: Path, library: bytes) -> None:
    """Every method Python unpacks; members that are no ELF files are passed over."""
    path = archive(tmp_path, [("b/part.so", library), ("a/protoc.exe", library), ("read.me", b"text")], method)
    assert outcome(path) == (["a/protoc.exe", "b/part.so"], {})


def test_found_by_content(tmp_path: Path, library: bytes) -> None:
    """The name of an archive says nothing."""
    path = archive(tmp_path, [("part.so", library)]).rename(tmp_path / "app.whl.backup")
    assert outcome(path)[0] == ["part.so"]
    assert open_source(f"archive:{path}").kind == "zip"


def test_encrypted(tmp_path: Path, library: bytes) -> None:
    """An encrypted member is skipped, its neighbour read."""
    path = archive(tmp_path, [("open.so", library), ("shut.so", library)])
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as known:
        local = known.getinfo("shut.so").header_offset
    data[local + 6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert outcome(path) == (["open.so"], {"shut.so": "encrypted"})


def test_unknown_method(tmp_path: Path, library: bytes) -> None:
    """A method Python does not know is a reason, not a crash."""
    path = archive(tmp_path, [("good.so", library), ("odd.so", library)])
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as known:
        local = known.getinfo("odd.so").header_offset
    data[local + 8] = data[data.rindex(b"PK\x01\x02") + 10] = 99
    path.write_bytes(data)
    judged, skipped = outcome(path)
    assert judged == ["good.so"]
    assert "cannot be unpacked" in skipped["odd.so"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_damaged(method: int, part: float, tmp_path: Path, library: bytes) -> None:
    """A member damaged anywhere is skipped, whatever its method; its neighbours are read."""
    path = archive(tmp_path, [("a.so", library), ("b.so", library), ("c.so", library)], method)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as known:
        info = known.getinfo("b.so")
        at = info.header_offset + 30 + len("b.so") + int(info.compress_size * part)
    for place in range(at, at + 8):
        data[place] ^= 0xA5
    path.write_bytes(data)
    judged, skipped = outcome(path)
    assert judged == ["a.so", "c.so"]
    assert list(skipped) == ["b.so"]
    assert skipped["b.so"].startswith("cannot be unpacked (")


def test_damaged_library_of_another(tmp_path: Path, library: bytes) -> None:
    """A damaged member that another one needs is a file that does not load, not a crash."""
    part = tmp_path / "part.so"
    part.write_bytes(library)
    soname = compiler.zig_cc("x86_64-linux-musl", [COMMON / "part.c"], part, "-shared", "-fPIC", "-Wl,-soname,part.so")
    app = compiler.zig_cc(
        "x86_64-linux-musl", [COMMON / "uses_part.c", soname], tmp_path / "app", "-dynamic", "-Wl,-rpath,$ORIGIN"
    )
    late = soname.read_bytes() + bytes(1 << 16)  # so long that its start is read without its end
    path = archive(tmp_path, [("app", app.read_bytes()), ("part.so", late)], zipfile.ZIP_STORED)
    assert outcome(path)[0] == ["app", "part.so"]
    data = bytearray(path.read_bytes())
    data[data.index(late) + len(late) - 1] ^= 0xFF
    path.write_bytes(data)
    report = check(str(path), on="alpine:3.23")
    assert [(j.path, [f.rule for f in j.findings][:1]) for j in report.objects] == [("app", ["library-unusable"])]
    assert [s.path for s in report.skipped] == ["part.so"]


def test_names(tmp_path: Path, library: bytes) -> None:
    """A name that leads out is skipped, a second member of a name too; a leading slash is dropped."""
    members = [("../up.so", library), ("a/../../b.so", library), ("/abs.so", library), ("./here.so", library)]
    path = archive(tmp_path, [*members, ("here.so", library), ("..so", library), ("sub..dir/x.so", library)])
    judged, skipped = outcome(path)
    assert judged == ["..so", "abs.so", "here.so", "sub..dir/x.so"]
    assert skipped == {
        "../up.so": "its name leads out of the archive",
        "a/../../b.so": "its name leads out of the archive",
        "here.so": "a later entry has the same name",
    }


def test_bomb(tmp_path: Path, library: bytes) -> None:
    """A member that grows a thousandfold is not unpacked."""
    path = archive(tmp_path, [("bomb.so", b"\x7fELF" + bytes(8 << 20)), ("good.so", library)])
    judged, skipped = outcome(path)
    assert judged == ["good.so"]
    assert skipped == {"bomb.so": "grows more than 200 times when unpacked (--limit ratio=N)"}


def test_limits(tmp_path: Path, library: bytes) -> None:
    """Too large a member, and too many of them, are said."""
    path = archive(tmp_path, [("a.so", library), ("b.so", library + bytes(1000)), ("c.so", library)])
    judged, skipped = outcome(path, Limits(member=len(library), members=2))
    assert judged == ["a.so"]
    assert skipped == {
        "b.so": f"{len(library) + 1000} bytes unpacked: more than the limit of {len(library)} (--limit member=N)",
        str(path): "more than 2 members: the rest was not read (--limit members=N)",
    }


def test_size_that_lies(tmp_path: Path) -> None:
    """No more bytes come out than the directory promises, so the limits hold."""
    path = archive(tmp_path, [("x.so", b"\x7fELF" + bytes(range(256)) * 400)])
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    opened = open_source(str(path))
    assert opened.members == ()
    assert opened.skipped[0].reason == "cannot be unpacked (Bad CRC-32 for file 'x.so')"


def test_tree(tmp_path: Path, library: bytes) -> None:
    """Paths with dots, directories, and files that are none."""
    tree = open_source(str(archive(tmp_path, [("lib/sub/part.so", library)]))).tree
    for path in ("/lib/sub/part.so", "/lib/./sub//part.so", "/lib/sub/../sub/part.so", "/../lib/sub/part.so"):
        found = tree.open(path)
        assert not isinstance(found, int)
        assert (found.path, found.directory) == ("/lib/sub/part.so", False)
    directory = tree.open("/lib/sub")
    assert not isinstance(directory, int)
    assert directory.directory
    assert tree.open("/lib/other.so") == errno.ENOENT


def test_members_are_given_back(tmp_path: Path, library: bytes) -> None:
    """The bytes of a member are dropped by close and come again when asked for."""
    found = open_source(str(archive(tmp_path, [("part.so", library)]))).tree.open("/part.so")
    assert not isinstance(found, int)
    data = found.data
    assert isinstance(data, module.ZipMember)
    assert data.at(0, 4) == b"\x7fELF"
    data.close()
    assert data._data is None
    assert data.at(0, len(library) + 5) == library
    assert data.at(0, -1) == b""


# --- archives that are none ---------------------------------------------------------------------------------

BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "no zip at all": lambda _: b"PK\x03\x04 but nothing more",
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("how", BROKEN)
def test_no_archive(how: str, tmp_path: Path, library: bytes) -> None:
    """What is no readable archive is said in one line."""
    path = archive(tmp_path, [("a.so", library)])
    path.write_bytes(BROKEN[how](path.read_bytes()))
    for spec in (str(path), f"archive:{path}"):
        with pytest.raises(UnreadableSource) as raised:
            open_source(spec)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("stream", [False, True], ids=["sizes in front", "sizes behind"])
def test_cut(method: int, stream: bool, tmp_path: Path, library: bytes) -> None:
    """Without its directory an archive is read from the front, up to where it is cut."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(_Unseekable(buffer) if stream else buffer, "w", method) as out:
        for name in ("a.so", "b.so"):
            out.writestr(name, library)
        ends = buffer.tell()
    path = tmp_path / "x.zip"
    reason = "its directory cannot be read (File is not a zip file): read from the front"
    path.write_bytes(buffer.getvalue()[: ends + 10])
    if stream and method == zipfile.ZIP_STORED:  # nothing says where the first member ends
        with pytest.raises(UnreadableSource):
            open_source(str(path))
        return
    assert outcome(path) == (["a.so", "b.so"], {str(path): reason})
    path.write_bytes(buffer.getvalue()[: ends - 100])
    judged, skipped = outcome(path)
    assert judged == ["a.so"]
    assert "cannot be read to its end (it ends in the middle of b.so)" in skipped.values()


class _Unseekable(io.RawIOBase):
    """A sink that cannot be gone back in, so that sizes are written behind the contents."""

    def __init__(self, sink: io.BytesIO) -> None:
        super().__init__()
        self._sink = sink

    def writable(self) -> bool:
        """It can be written."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Pass on."""
        return self._sink.write(data)


def test_names_that_are_not_utf8(tmp_path: Path, library: bytes) -> None:
    """A name that claims to be UTF-8 and is not costs nobody anything: not its member, not the others."""
    path = archive(tmp_path, [("café/x.so", library), ("good.so", library)])
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9\xe9"))
    assert outcome(path) == (["cafΘΘ/x.so", "good.so"], {})


@pytest.mark.parametrize("seed", range(60))
def test_mutated(seed: int, tmp_path: Path, library: bytes) -> None:
    """Whatever bytes change, a check ends in a report or in one of our own errors."""
    chance = random.Random(seed)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, method in (("a.so", zipfile.ZIP_DEFLATED), ("b.so", zipfile.ZIP_LZMA), ("c.so", zipfile.ZIP_BZIP2)):
            out.writestr(name, library[: chance.randint(64, len(library))], method)
    data = bytearray(buffer.getvalue())
    directory = data.index(b"PK\x01\x02")
    for _ in range(chance.randint(1, 12)):
        # Half of the changes hit the directory and the end record, where the sizes and offsets are.
        low = directory if chance.random() < 0.5 else 0
        data[chance.randrange(low, len(data))] = chance.randrange(256)
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    try:
        report = check(f"archive:{path}", on="alpine:3.23")
    except MuslintError:
        return
    assert len(report.objects) + len(report.skipped) <= 5  # the members, the directory, and where reading ended


def test_deflate_errors_are_not_value_errors() -> None:
    """Why the reader names zlib's own error: no other class would catch it."""
    assert not issubclass(zlib.error, OSError | ValueError | EOFError)
