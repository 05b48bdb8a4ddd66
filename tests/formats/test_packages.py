"""Real Debian packages: the files are those that dpkg takes out."""

import subprocess
from pathlib import Path

import pytest

from muslint.sources.source import open_source
from tests.formats import corpus
from tests.formats.packers import digest
from tests.support import fetch

DEBIAN = (
    ("bookworm", "amd64", ("bash", "curl", "coreutils", "libsnappy1v5", "libkrb5-3", "php-common", "zlib1g-dev")),
    ("bookworm", "arm64", ("hello",)),
    ("bookworm", "armel", ("hello",)),
    ("sid", "amd64", ("hello", "whois")),
)
PACKAGES = [(suite, arch, name) for suite, arch, names in DEBIAN for name in names]


@pytest.mark.parametrize(("suite", "arch", "name"), PACKAGES, ids="-".join)
def test_debian(suite: str, arch: str, name: str, tmp_path: Path) -> None:
    """Every ELF file, whole; object files of static libraries are places of their own."""
    package = fetch.debian_package(name, suite, arch)
    subprocess.run(["dpkg-deb", "-x", str(package), str(tmp_path)], timeout=120, check=True)
    source = open_source(str(package))
    assert (source.kind, source.installs, source.skipped) == ("deb", True, ())
    found = {}
    for member in source.members:
        opened = source.tree.open(member.path)
        assert not isinstance(opened, int)
        assert opened.data is not None
        found[member.display] = digest(opened.data.at(0, opened.data.size))
    assert found == {path: digest((tmp_path / path).read_bytes()) for path in corpus.elf_files(tmp_path)}
    libraries = [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*.a")) if not path.is_symlink()]
    assert [inside.parents[-1] for inside in source.inner if inside.kind == "ar"] == libraries
