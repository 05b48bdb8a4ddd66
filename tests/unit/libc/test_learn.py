"""Models read from real musl libraries, and what is not one."""

from dataclasses import replace
from pathlib import Path

import pytest

from muslint.errors import UnknownLibc
from muslint.libc import modelfile, musl
from muslint.libc.learn import alpine_package, learn, resolve
from muslint.libc.model import Lfs64, LibcModel
from tests.support import musl as real
from tests.support import roots

FTS = {"fts_children", "fts_close", "fts_open", "fts_read", "fts_set"}
CRYPT = {"crypt", "crypt_r", "encrypt", "setkey"}
DEBIAN = [
    ("1.2.2", "amd64", set(), set(), Lfs64.EXPORTED, False),
    ("1.2.3", "amd64", FTS, CRYPT, Lfs64.EXPORTED, False),
    ("1.2.3", "mips64el", FTS, CRYPT, Lfs64.EXPORTED, False),
    ("1.2.5", "amd64", FTS | {"renameat2"}, set(), Lfs64.REMAP_SHORT, True),
    ("1.2.6", "amd64", FTS, set(), Lfs64.REMAP, True),
    ("1.2.6", "s390x", FTS, set(), Lfs64.REMAP, True),
]


@pytest.mark.parametrize(("version", "arch", "added", "taken", "lfs64", "relr"), DEBIAN)
def test_debian_packages(version: str, arch: str, added: set[str], taken: set[str], lfs64: Lfs64, relr: bool) -> None:
    model = learn(real.loader(version, arch).file)
    table = musl.model(version, arch)
    assert (model.version, model.lfs64, model.relr) == (version, lfs64, relr)
    assert model.exports - table.exports == added
    assert table.exports - model.exports == taken
    assert model.relocations == table.relocations


def test_the_same_library_as_bytes_file_and_root(tmp_path: Path) -> None:
    loader = real.loader("1.2.5")
    root = real.install(loader, tmp_path)
    models = [learn(source) for source in (loader.file, loader.file.read_bytes(), root)]
    assert len({replace(model, provenance="") for model in models}) == 1


def test_a_real_alpine_root_is_its_table() -> None:
    root = roots.alpine()
    model = learn(root)
    table = musl.alpine("3.23", "x86_64")
    assert alpine_package(root) == ("3.23", "1.2.5-r23")
    assert replace(model, provenance="") == replace(table, provenance="")
    assert model.kinds == table.kinds


def test_a_package_that_only_alpine_knows_gives_relr(tmp_path: Path) -> None:
    root = real.install(real.loader("1.2.3"), tmp_path)
    assert not learn(root).relr
    (root / "etc").mkdir()
    (root / "etc/alpine-release").write_text("3.16.9\n")
    database = root / "lib/apk/db/installed"
    database.parent.mkdir(parents=True)
    database.write_text("C:Q1\nP:busybox\nV:1.35.0-r5\n\nC:Q1\nP:musl\nV:1.2.3-r3\n\n")
    model = learn(root)
    assert model.relr
    assert model.package == "1.2.3-r3"
    database.write_text("P:musl\nV:1.2.3-r0\n\n")
    assert not learn(root).relr


def test_links_are_resolved_inside_the_root(tmp_path: Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("/usr/lib")
    (tmp_path / "usr/lib/real").write_text("x")
    (tmp_path / "usr/lib/relative").symlink_to("../../../../usr/lib/real")
    (tmp_path / "usr/lib/loop").symlink_to("loop")
    assert resolve(tmp_path, "/lib/relative") == tmp_path / "usr/lib/real"
    assert resolve(tmp_path, "/lib/loop") is None
    assert resolve(tmp_path, "/lib/none") is None


def test_what_is_no_musl_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownLibc, match="not an ELF"):
        learn(b"not an ELF file at all")
    with pytest.raises(UnknownLibc, match="no musl loader"):
        learn(tmp_path)
    with pytest.raises(UnknownLibc, match="cannot be read"):
        learn(tmp_path / "nothing")
    data = real.loader("1.2.5").file.read_bytes()
    with pytest.raises(UnknownLibc, match="no musl banner"):
        learn(data.replace(b"musl libc (", b"musl libd ("))
    with pytest.raises(UnknownLibc, match="musl of mips64"):
        learn(data.replace(b"musl libc (x86_64)", b"musl libc (mips64)"))


def test_a_root_without_the_loader_asked_for(tmp_path: Path) -> None:
    root = real.install(real.loader("1.2.5"), tmp_path)
    assert learn(root, "amd64").arch == "x86_64"
    with pytest.raises(UnknownLibc, match="ld-musl-aarch64"):
        learn(root, "arm64")


@pytest.mark.parametrize("model", [musl.model("1.2.5", "x86_64"), musl.alpine("3.16", "armv7")])
def test_model_files_give_the_model_back(model: LibcModel) -> None:
    text = modelfile.dumps(model)
    assert modelfile.loads(text) == model
    assert modelfile.dumps(modelfile.loads(text)) == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (modelfile.MAGIC, "# something else"),
        ("@ lfs64 exported", "@ lfs64 sometimes"),
        ("@ arch ", "@ bow "),
        ("malloc F", "malloc F x"),
    ],
)
def test_damaged_model_files_are_refused(old: str, new: str) -> None:
    text = modelfile.dumps(musl.model("1.2.3", "x86_64"))
    assert old in text
    with pytest.raises(UnknownLibc):
        modelfile.loads(text.replace(old, new))
