"""Looking for names, and what it leaves in errno."""

import errno

import pytest

from muslint.loader.search import Searches, expand_origin, path_entries, reserved_family, too_long
from tests.unit.loader.objects import Files, library, loader


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("libc.so.6", "c"),
        ("libm.anything", "m"),
        ("libc.", "c"),
        ("libcrypt.so.1", None),
        ("libdl", None),
        ("c.so", None),
    ],
)
def test_reserved(name: str, family: str | None) -> None:
    """``lib``, a family, a dot; anything may follow."""
    assert reserved_family(name) == family


@pytest.mark.parametrize(
    ("rpath", "expanded"),
    [
        ("/a:/b", "/a:/b"),
        ("$ORIGIN/x:${ORIGIN}", "/o/x:/o"),
        ("$ORIGINX", "/oX"),
        ("$ORIGIN:$LIB", None),
        ("/good:${LIB}", None),
    ],
)
def test_origin(rpath: str, expanded: str | None) -> None:
    """Any other ``$`` voids the whole rpath."""
    assert expand_origin(rpath, "/o") == expanded


def test_entries() -> None:
    """``:`` and newline separate, empty ones are dropped, nothing is trimmed."""
    assert list(path_entries(":/a\n/b::/c d;e:")) == ["/a", "/b", "/c d;e"]


def test_too_long_counts_bytes() -> None:
    """255 bytes are allowed, whatever the characters."""
    assert not too_long("a" * 255)
    assert too_long("a" * 256)
    assert too_long("é" * 128)
    assert not too_long("é" * 127)


def test_first_that_opens_and_the_error_left_behind() -> None:
    """The first candidate that opens wins; the errors before it stay in errno."""
    files = Files(library("/b/x.so"), errors={"/a/x.so": errno.EACCES})
    found = Searches(files).search("x.so", "/a:/b:/c", "rpath")
    assert (found.path, found.errno, found.stops) == ("/b/x.so", errno.EACCES, False)
    assert [attempt.error for attempt in found.attempts] == [errno.EACCES, 0]


def test_other_errors_end_the_search() -> None:
    """ELOOP is not "not here": the file that would open in the next directory is not reached."""
    files = Files(library("/b/x.so"), errors={"/a/x.so": errno.ELOOP})
    found = Searches(files).search("x.so", "/a:/b", "rpath")
    assert found.file is None
    assert found.stops
    link = loader(library("/app", needed=["x.so"], rpath="/a:/b"), errors={"/a/x.so": errno.ELOOP}).list("/app")
    assert link.errors == ("Error loading shared library x.so: Symbolic link loop (needed by /app)",)


def test_a_search_is_done_once() -> None:
    """The same question is answered from memory."""
    files = Files(library("/b/x.so"))
    searches = Searches(files)
    first = searches.search("x.so", "/a:/b", "rpath")
    assert searches.search("x.so", "/a:/b", "rpath") is first
    assert files.asked == ["/a/x.so", "/b/x.so"]


def test_secure_mode() -> None:
    """AT_SECURE: no library path, no preload, no $ORIGIN of the program; a plain rpath still counts."""
    files = [library("/app/lib/x.so"), library("/env/x.so"), library("/pre.so")]
    moved = loader(library("/app/m", needed=["x.so"], rpath="$ORIGIN/lib"), *files)
    assert "/app/lib/x.so" in [mapped.path for mapped in moved.start("/app/m").scope]
    assert moved.start("/app/m", secure=True).exit == 127
    fixed = loader(library("/app/m", needed=["x.so"], rpath="/app/lib"), *files)
    scope = [m.path for m in fixed.start("/app/m", library_path="/env", preload="/pre.so", secure=True).scope]
    assert scope == ["/app/m", "/app/lib/x.so"]
    open_to_all = [m.path for m in fixed.start("/app/m", library_path="/env", preload="/pre.so").scope]
    assert open_to_all == ["/app/m", "/pre.so", "/env/x.so"]


def test_origin_of_a_program_in_the_root_directory() -> None:
    """``$ORIGIN`` of ``/app`` is empty, not the directory of the name it was started by."""
    found = loader(library("/app", needed=["x.so"], rpath="$ORIGIN/lib"), library("/lib/x.so")).start("/app")
    assert [search.attempts[0].path for search in found.searches] == ["/lib/x.so"]
