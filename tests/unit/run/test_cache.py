"""What is kept between runs changes no word of a report, is bounded, and is never in the way."""

import json
import os
import shutil
from pathlib import Path

import pytest

from muslint.pipeline import check
from muslint.report.json_format import render
from muslint.run import cache as caches
from muslint.run.cache import Cache, Known, Rows, users_cache
from tests.support import compile as compiler
from tests.support.cache import REPOSITORY

WITNESSES = REPOSITORY / "fixtures" / "witness"
PROGRAMS = (
    "abi-regmatch-size",
    "iconv-translit-ignore",
    "strftime-gnu",
    "ld-dlopen-glibc-names",
    "thread-default-stack",
)
CONTENT = "c0" + "5" * 46 + "-4d2"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some programs that behave differently."""
    folder = tmp_path_factory.mktemp("programs")
    for name in PROGRAMS:
        compiler.zig_cc("x86_64-linux-gnu.2.28", [WITNESSES / name / "witness.c"], folder / name)
    return folder


@pytest.fixture
def proved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is proved anew."""
    found: list[str] = []
    put = Known.__setitem__

    def noted(self: Known, key: str, rows: Rows) -> None:
        found.append(key)
        put(self, key, rows)

    monkeypatch.setattr(Known, "__setitem__", noted)
    return found


def report(folder: Path, cache: Path | None, on: str = "alpine:3.23", jobs: int = 1) -> str:
    """The JSON report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSLINT_CACHE_DIR", str(cache or ""))
        return render(check(str(folder), on, keep=True, jobs=jobs))


def kept(folder: Path) -> list[Path]:
    """The files of a cache."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


# --- reports ------------------------------------------------------------------------------------------------


def test_the_second_run_proves_nothing_and_says_the_same(programs: Path, tmp_path: Path, proved: list[str]) -> None:
    """Word for word as without a cache."""
    plain = report(programs, None)
    del proved[:]
    first = report(programs, tmp_path)
    assert len(proved) > 2 * len(PROGRAMS)
    assert len(kept(tmp_path)) == len(PROGRAMS)
    del proved[:]
    assert plain == first == report(programs, tmp_path)
    assert proved == []
    assert all(rule in plain for rule in ("abi-regmatch-size", "iconv-translit-ignore", "ld-dlopen-glibc-names"))


def test_another_release_of_musl_is_proved_anew(programs: Path, tmp_path: Path, proved: list[str]) -> None:
    """A rule may hold of one and not of the other; both are kept in the same files."""
    report(programs, tmp_path)
    old = report(programs, None, "alpine:3.16")
    del proved[:]
    assert report(programs, tmp_path, "alpine:3.16") == old
    assert proved
    del proved[:]
    report(programs, tmp_path)
    assert proved == []


NEWER = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <regex.h>
static int order(const void *a, const void *b, void *c) { (void)c; return *(const int *)a - *(const int *)b; }
int called(int argc, char **argv) {
    int n[2] = {2, 1};
    regex_t r; regmatch_t m[2];
    qsort_r(n, 2, sizeof *n, order, NULL);
    return regcomp(&r, argv[argc - 1], REG_EXTENDED) || regexec(&r, "x", 2, m, 0);
}
"""


def test_what_is_kept_is_of_the_release_that_was_asked_about(tmp_path: Path) -> None:
    """Remedies are tried on other releases, with some of the rules: another run shall not take these for all."""
    (tmp_path / "newer.c").write_text(NEWER)
    flags = "-shared", "-fPIC", "-Wl,-z,now"
    compiler.zig_cc("x86_64-linux-gnu.2.28", [tmp_path / "newer.c"], tmp_path / "in" / "newer.so", *flags)
    told = report(tmp_path / "in", tmp_path / "kept", on="alpine:3.14")
    assert '"release"' in told
    (path,) = kept(tmp_path / "kept")
    known = json.loads(path.read_bytes().partition(b"\n")[2])
    assert {key.split()[1] for key in known if not key.startswith("opened")} == {"1.2.2"}


def test_several_processes_keep_it_too(programs: Path, tmp_path: Path, proved: list[str]) -> None:
    """Each its own files."""
    several = shutil.copytree(programs, tmp_path / "several")
    for number, name in enumerate(PROGRAMS):
        with (several / name).open("ab") as file:
            file.write(bytes(number + 1))
        shutil.copy(programs / name, several / f"{name}-2")
    first = report(several, tmp_path / "kept", jobs=2)
    assert len(kept(tmp_path / "kept")) == 2 * len(PROGRAMS)
    del proved[:]
    assert report(several, tmp_path / "kept") == first
    assert proved == []


def test_a_program_that_changes_is_proved_anew(programs: Path, tmp_path: Path, proved: list[str]) -> None:
    """Its content counts, not its name, size or time."""
    folder = tmp_path / "programs"
    folder.mkdir()
    place = folder / "program"
    shutil.copy(programs / "abi-regmatch-size", place)
    before = report(folder, tmp_path / "kept")
    status = place.stat()
    data = place.read_bytes()
    place.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
    del proved[:]
    assert report(folder, tmp_path / "kept") == before
    assert proved


@pytest.mark.parametrize("damage", [b"", b"{}", b"x\n{}", b"\xff\xfe", None], ids=str)
def test_what_is_damaged_is_proved_anew(programs: Path, tmp_path: Path, damage: bytes | None) -> None:
    """None: one byte in the middle is another."""
    whole = report(programs, tmp_path)
    for path in kept(tmp_path):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data if damage is None else damage)
    assert report(programs, tmp_path) == whole


def test_a_folder_that_cannot_be_written_is_not_in_the_way(programs: Path, tmp_path: Path) -> None:
    """Here a file has its name."""
    (tmp_path / "file").write_text("mine")
    assert report(programs, tmp_path / "file") == report(programs, None)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_remedy_that_edits_a_program_is_tried_on_it(programs: Path, tmp_path: Path) -> None:
    """Two copies share what is proved; what `muslint fix` would make of them is another program."""
    for number in (1, 2):
        shutil.copy(programs / "thread-default-stack", tmp_path / f"program{number}")
    one, two = (found.remedies for found in check(str(tmp_path), "alpine:3.23").objects)
    (alone,) = check(str(programs / "thread-default-stack"), "alpine:3.23").objects
    assert [tried.effect for tried in one] == [tried.effect for tried in two] == [t.effect for t in alone.remedies]
    assert one


# --- the folder ---------------------------------------------------------------------------------------------


def test_what_is_not_asked_for_is_not_read() -> None:
    """A file without an import that matters is not gone through to its end."""
    Known(Cache("/nowhere"), lambda: pytest.fail("it was opened"), {}).keep()


def test_few_files_and_few_versions_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first."""
    monkeypatch.setattr(caches, "_MOST", 8)
    cache = Cache(str(tmp_path))
    for number in range(20):
        cache.write(CONTENT[:-1] + f"{number}", {"rule": []})
        newest = kept(tmp_path)
        os.utime(max(newest, key=lambda path: path.stat().st_mtime_ns), ns=(number, number))
    assert 4 <= len(kept(tmp_path)) <= 9
    assert cache.read(CONTENT[:-1] + "19") == {"rule": []}
    assert cache.read(CONTENT[:-1] + "0") == {}
    for number in range(6):
        monkeypatch.setattr(caches, "_version", lambda number=number: f"version{number}")
        Cache(str(tmp_path)).write(CONTENT, {"rule": []})
    assert len(os.listdir(tmp_path)) == 3
    assert "version5" in os.listdir(tmp_path)


def test_no_unfinished_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full leaves what was there."""
    cache = Cache(str(tmp_path))
    cache.write(CONTENT, {"rule": []})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    cache.write(CONTENT, {"rule": [["more"]]})
    assert len(kept(tmp_path)) == 1
    assert cache.read(CONTENT) == {"rule": []}


def test_a_known_content_is_read_once() -> None:
    """And written only where something new was proved."""

    class Noted(Cache):
        reads = writes = 0

        def read(self, name: str) -> dict[str, Rows]:
            del name
            self.reads += 1
            return {"rule": [["certain"]]}

        def write(self, name: str, known: dict[str, Rows]) -> None:
            del name, known
            self.writes += 1

    cache = Noted("/nowhere")
    known = Known(cache, lambda: CONTENT, {})
    assert known.get("rule") == [["certain"]]
    assert known.get("other") is None
    known.keep()
    assert (cache.reads, cache.writes) == (1, 0)
    known["other"] = []
    known.keep()
    known.keep()
    assert (cache.reads, cache.writes) == (1, 1)


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable, the user's cache folder, the user's home; else nowhere."""
    home, mine = tmp_path / "home", tmp_path / "mine"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(mine))
    monkeypatch.setenv("MUSLINT_CACHE_DIR", str(tmp_path))
    assert where() == str(tmp_path)
    monkeypatch.setenv("MUSLINT_CACHE_DIR", "")
    assert where() is None
    monkeypatch.delenv("MUSLINT_CACHE_DIR")
    assert where() == f"{mine}/muslint"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert where() == f"{home}/.cache/muslint"
    monkeypatch.delenv("HOME")
    assert where() is None


def where() -> str | None:
    """The user's folder."""
    cache = users_cache()
    return cache.folder if cache is not None else None
