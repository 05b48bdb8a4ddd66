"""A glibc target made from tables says of real files what the real libraries of that release make the model say."""

import pytest

from muslint.loader.base import MountedTree
from muslint.loader.glibc import GlibcLoader
from muslint.loader.named import parse_target
from muslint.loader.root import glibc_loader_of
from muslint.loader.target import Message
from muslint.sources.directory import DirectoryTree
from tests.support import real_glibc, roots

TARGETS = {"bullseye": "debian:11", "bookworm": "debian:12", "trixie": "debian:13", "sid": "glibc:2.43"}


def _of_glibc(messages: tuple[Message, ...]) -> set[tuple[str, str, str]]:
    """What is said about glibc's own versions and names."""
    return {
        (m.kind, m.object, m.name)
        for m in messages
        if (m.kind == "version" and m.name.startswith("GLIBC_"))
        or (m.kind == "symbol" and ", version GLIBC_" in m.text)
    }


def _said(loader: GlibcLoader, path: str) -> set[tuple[str, str, str]]:
    link = loader.open(None, path)
    return _of_glibc(link.messages) | _of_glibc(link.deferred)


@pytest.mark.parametrize("suite", TARGETS)
def test_tables_equal_the_real_libraries(suite: str) -> None:
    """Files of Debian sid on each release: the same versions and names of glibc are missing, and no others."""
    new = DirectoryTree(str(roots.glibc("sid") / "usr"))
    paths = [path.removeprefix("/usr") for path in real_glibc.subjects(roots.glibc("sid")) if path.startswith("/usr/")]
    target = parse_target(TARGETS[suite], None)
    target.extra = (("/new", new),)
    tables, real = target.loader("x86_64"), glibc_loader_of(DirectoryTree(str(roots.bare_glibc(suite))), "x86_64")
    assert isinstance(tables, GlibcLoader)
    real.tree = MountedTree(real.tree, "/new", new)
    said = {path: (_said(tables, f"/new{path}"), _said(real, f"/new{path}")) for path in paths[::4]}
    differing = {path: (ours - theirs, theirs - ours) for path, (ours, theirs) in said.items() if ours != theirs}
    assert not differing, dict(list(differing.items())[:3])
    assert suite == "sid" or any(ours for ours, _ in said.values()), "nothing is newer: the comparison shows nothing"
