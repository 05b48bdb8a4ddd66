"""The oracle itself: real loaders start, and say what the loader specification says they do."""

import shutil
from pathlib import Path

import pytest

from tests.support import musl, real_loader

LOADERS = [(suite, "amd64") for suite in ("bullseye", "bookworm", "trixie", "sid")]
LOADERS += [("bookworm", arch) for arch in ("armel", "mips64el", "mipsel")]
LOADERS += [("sid", arch) for arch in ("arm64", "armhf", "i386", "loong64", "ppc64el", "riscv64", "s390x")]


@pytest.mark.parametrize(("suite", "arch"), LOADERS, ids=[f"{arch}-{suite}" for suite, arch in LOADERS])
def test_known_answers(tmp_path: Path, suite: str, arch: str) -> None:
    """A libc lists as itself; garbage and absent files give the two messages of exit 1."""
    loader = musl.loader(suite, arch)
    root = musl.install(loader, tmp_path)
    shutil.copy(loader.file, root / "copy.so")
    (root / "link.so").symlink_to("copy.so")
    (root / "text").write_text("not an ELF file\n")
    own = loader.installed_path
    assert real_loader.find_loader(root) == own
    assert real_loader.subjects(root) == ["/copy.so"]
    copy, text, absent = real_loader.list_files(root, ["/copy.so", "/text", "/absent"])
    assert (copy.exit, copy.loaded, copy.errors) == (0, ((own, None),), ())
    assert (text.exit, text.loaded, text.errors) == (1, (), (f"{own}: /text: Not a valid dynamic program",))
    assert absent.errors == (f"{own}: cannot load /absent: No such file or directory",)


def test_list_all_asks_once(tmp_path: Path) -> None:
    """Answers are kept by what lies in the root: a changed root is asked again."""
    loader = musl.loader("1.2.5")
    root = musl.install(loader, tmp_path)
    shutil.copy(loader.file, root / "a.so")
    first = real_loader.list_all(root)
    assert list(first) == ["/a.so"]
    assert real_loader.list_all(root) == first
    shutil.copy(loader.file, root / "b.so")
    assert list(real_loader.list_all(root)) == ["/a.so", "/b.so"]


def test_options_reach_the_loader(tmp_path: Path) -> None:
    """A preload that exists is listed as loaded; one that does not is passed over in silence."""
    loader = musl.loader("1.2.5")
    root = musl.install(loader, tmp_path)
    shutil.copy(loader.file, root / "a.so")
    alone = real_loader.list_file(root, "/a.so")
    assert real_loader.list_file(root, "/a.so", preload="/absent.so").as_row() == alone.as_row()
    assert alone.stdout.startswith(f"\t{loader.installed_path} (0x")


@pytest.mark.parametrize(
    ("stdout", "stderr", "loaded", "errors"),
    [
        ("\t/lib/ld.so (0x7f)\n", "", (("/lib/ld.so", None),), ()),
        ("\tlibx.so => ./a b/libx.so (0x7f)\n", "", (("libx.so", "./a b/libx.so"),), ()),
        ("", "E one\nE two\nE one\n", (), ("E one", "E two")),
        ("\tqemu\n", "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n", (), ()),
    ],
)
def test_parse(stdout: str, stderr: str, loaded: tuple[tuple[str, str | None], ...], errors: tuple[str, ...]) -> None:
    """Listing lines become pairs; error lines are kept once each; qemu's own words are not the loader's."""
    link = real_loader.parse("/x", 0, stdout, stderr)
    assert (link.loaded, link.errors) == (loaded, errors)
