"""Who needs whom: the edges of a link are exactly what the loader lists, on a real root and on small sources."""

from muslint import check, ldd
from tests.reports.reports import report
from tests.support import roots


def test_edges_of_a_real_root() -> None:
    """On every program of a whole Alpine: the files reached by edges are those of ldd; each edge starts in the link."""
    root = roots.alpine("x86_64")
    made = check(str(root))
    several = 0
    for judged in made.objects:
        if judged.kind != "executable" or judged.parents:
            continue
        listed = ldd(judged.path, str(root)).listed
        files = {path for line in listed if (path := line.path or line.name)}
        reached = {path for _, path, _, _ in judged.loaded}
        assert reached - files == set(), judged.path
        assert files - reached <= {listed[0].name}, judged.path  # the loader itself comes first in any case
        assert {by for _, _, by, _ in judged.loaded} <= {judged.path, *files}
        several += len(reached) > 2
    assert several > 10


def test_what_is_missing_and_how_things_are_found() -> None:
    """A name that nothing serves has no path and the loader's words; the C library's names need no search."""
    (program,) = report("library-gone").objects
    assert ("libcurl.so.4", None, "app", "No such file or directory") in program.loaded
    assert any(name == "libc.so.6" and how == "the C library itself" for name, _, _, how in program.loaded)
    paths = {judged.path: judged.loaded for judged in report("directory").objects}
    assert all(by == path for path, edges in paths.items() for _, _, by, _ in edges)
