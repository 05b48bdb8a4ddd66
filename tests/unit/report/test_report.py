"""The table and the JSON report from made-up values: what no small file shows."""

import json
from dataclasses import replace
from typing import Any

import pytest

from muslint.errors import WrongUse
from muslint.policy.verdict import Verdict
from muslint.report import json_format, table
from muslint.report.report import Judged, Report, TargetFacts, joined
from muslint.rules.finding import Effect, Evidence, Finding, Remedy, Severity, Tried, When
from muslint.rules.findings import together
from muslint.sources.source import Skipped

TARGET = TargetFacts("alpine:3.23", "musl", "1.2.5", "a table")
WORDS = {"fails": "1 fails", "fails-on-use": "1 fails on use", "differs": "1 differs", "runs": "1 runs"}


def judged(path: str = "app", verdict: str = "runs", *findings: Finding, **facts: Any) -> Judged:
    """An object with a verdict."""
    values: dict[str, Any] = {
        "path": path, "parents": (), "arch": "x86_64", "kind": "shared-library", "built_for": "glibc",
        "verdict": Verdict(verdict), "requires": {}, "interpreter": None, "assumed": (), "findings": findings,
    }  # fmt: skip
    return Judged(**(values | facts))


def report(*objects: Judged, skipped: tuple[Skipped, ...] = (), source: str = "dist") -> Report:
    """A report of these objects."""
    return Report(source, "directory", TARGET, objects, skipped)


def missing(symbol: str, path: str = "app", when: When = When.LOAD, **facts: Any) -> Finding:
    """A name that is not found."""
    text = f"Error relocating {path}: {symbol}: symbol not found"
    return Finding("symbol-missing", Severity.ERROR, when, path, text, symbol=symbol, **facts)


@pytest.mark.parametrize("verdict", WORDS)
def test_totals_agree_in_number(verdict: str) -> None:
    """One fails, two fail."""
    one = table.render(report(judged(verdict=verdict)), 0).splitlines()[-1]
    two = table.render(report(judged("a", verdict), judged("b", verdict)), 0).splitlines()[-1]
    assert one == f"1 checked on alpine:3.23: {WORDS[verdict]}."
    first, _, rest = WORDS[verdict].removeprefix("1 ").partition(" ")
    assert two == f"2 checked on alpine:3.23: 2 {first.removesuffix('s')}{' ' + rest if rest else ''}."


def test_long_lists_are_folded_and_v_unfolds_them() -> None:
    """What runs is counted when there is much of it; what fails never is."""
    many = [judged(f"lib/{number:02}.so") for number in range(20)]
    failing = judged("zz.so", "fails", missing("backtrace", "zz.so"))
    short, long = (table.render(report(*many, failing), verbose) for verbose in (0, 1))
    assert "(20 more)" in short
    assert "lib/07.so" not in short
    assert "zz.so" in short
    assert all(judged.path in long for judged in many)


def test_hundreds_of_alike_rows_are_folded() -> None:
    """Of more than fit a screen, the first of each kind; the rest is counted where it would stand."""
    alike = [
        judged(f"lib/{number:03}.so", "fails", missing("backtrace", f"lib/{number:03}.so")) for number in range(99)
    ]
    other = judged("lib/050a.so", "fails", missing("fcntl64", "lib/050a.so"))
    short, long = (table.render(report(*alike[:51], other, *alike[51:]), verbose) for verbose in (0, 1))
    rows = short.partition("first thing that breaks\n")[2].partition("\n\n")[0].splitlines()
    assert [row.split()[0] for row in rows] == ["lib/000.so", "lib/001.so", "lib/002.so", "…", "lib/050a.so"]
    assert rows[3].endswith("FAILS      (96 more) backtrace: symbol not found")
    assert all(one.path in long for one in alike)


def test_nothing_is_folded_under_nothing() -> None:
    """Where all of many run there is no row to be told: the last line has their number."""
    lines = table.render(report(*(judged(f"{number}.so") for number in range(20))), 0).splitlines()
    assert lines == ["dist on alpine:3.23", "", "20 checked on alpine:3.23: 20 run."]


def opened(library: str, severity: Severity = Severity.WARNING, kind: str = "call-site") -> Finding:
    """A library that is opened by name, or may be."""
    text = f"Error loading shared library {library}: No such file or directory"
    package = Remedy("package", f"apk add {library.removeprefix('lib').partition('.')[0]}", True)
    shown = Evidence(kind, "open+0x4", f'dlopen("{library}", …)' if kind == "call-site" else f'"{library}"')
    return Finding(
        "library-missing", severity, When.USE, "app", text, library=library, evidence=(shown,), remedies=(package,)
    )


def test_what_decides_is_told_first() -> None:
    """A library that it may open is no reason for the verdict; what runs otherwise is."""
    differs = Finding(
        "regex", Severity.ERROR, When.RUN, "app", "regexec writes too much", symbol="regexec",
        evidence=(Evidence("call-site", "scan+0x1", "regexec(…)"), Evidence("behaviour", "musl", "fills 16 bytes")),
    )  # fmt: skip
    wanted = [opened(f"lib{name}.so.1") for name in ("vulkan", "EGL", "decor-0")]
    one = judged("app", "differs", *wanted, differs)
    assert table.first_failure(one) == "regexec(…): fills 16 bytes (+3)"
    shown = table.render(report(one), 0)
    assert "    apk add EGL decor-0 vulkan  (3 of 4 findings)" in shown
    assert '    libEGL.so.1        dlopen("libEGL.so.1", …)' in shown


def test_libraries_that_may_be_opened_are_told_together() -> None:
    """Each has a text of its own as evidence."""
    may = [opened("libGL.so.1", Severity.INFO, "string"), opened("libEGL.so.1", Severity.INFO)]
    shown = table.render(report(judged("app", "fails", missing("backtrace"), *may)), 0)
    assert "  2 names of libraries it may open, which are not there: libGL.so.1, libEGL.so.1" in shown


def test_same_causes_are_told_once() -> None:
    """Files that fail alike share a paragraph; another cause has its own."""
    names = ("a.so", "b.so", "c.so")
    objects = [judged(name, "fails", missing("backtrace", name)) for name in names]
    text = table.render(report(*objects, judged("d.so", "fails", missing("fcntl64", "d.so"))), 0)
    assert text.count("a.so and 2 more with the same causes:") == 1
    assert text.count("Error relocating") == 2


def test_what_helps_another_machine_is_told_apart() -> None:
    """Causes alike, but not what to rebuild them with; nor do musl's files go under glibc's."""
    same = [
        judged("a.so", "fails", missing("backtrace", "a.so")),
        judged("b.so", "fails", missing("backtrace", "b.so")),
        judged("arm.so", "fails", missing("backtrace", "arm.so"), arch="aarch64"),
        judged("musl.so", "fails", missing("backtrace", "musl.so"), built_for="musl"),
    ]
    shown = table.render(report(*same), 0)
    assert "a.so and 1 more with the same causes:" in shown
    assert "arm.so  aarch64" in shown
    assert "musl.so  x86_64" in shown


def test_what_other_remedies_help_is_told_apart() -> None:
    """Causes alike: the image that is enough for one leaves something of the other. A path is no difference."""
    image = Tried("image", ("FROM debian:13-slim",), "the file as it is", Effect.CURES)
    fixes = {n: Tried("binary", (f"muslint fix '{n}.so' --rpath /x",), "", Effect.HELPS, ("x",)) for n in "abc"}
    same = [
        judged(f"{name}.so", "fails", missing("backtrace", f"{name}.so"), remedies=(found, fixes[name]))
        for name, found in zip("abc", (image, image, image._replace(effect=Effect.HELPS, remains=("libx.so.1",))))
    ]
    shown = table.render(report(*same), 0)
    assert "a.so and 1 more with the same causes:" in shown
    assert "c.so  x86_64 library" in shown


def test_what_to_download_is_told_once() -> None:
    """A package is asked for once, whatever else its files have in common; for one file with its other remedies."""
    download = Tried("download", ("pip download x==1",), "finds the wheel for musl", Effect.UNTRIED)
    objects = [
        judged(f"{name}.so", "fails", missing(name, f"{name}.so"), remedies=(download,))
        for name in ("backtrace", "fcntl64")
    ]
    shown = table.render(report(*objects), 0)
    assert shown.count("pip download") == shown.count("Not tried") == 1
    assert "\nNot tried\n  pip download x==1    finds the wheel for musl\n" in shown
    assert table.render(report(objects[0]), 0).count("pip download") == 1


def test_no_line_is_left_empty_twice() -> None:
    """Whatever sections an object has, and whichever of them comes first."""
    call = Finding("sysconf-values", Severity.WARNING, When.RUN, "app", "x differs", symbol="sysconf")
    library = Finding("library-missing", Severity.WARNING, When.USE, "app", "libx.so.1: gone", library="libx.so.1")
    objects = [judged("a", "differs", call), judged("b", "differs", call, library), judged("c", "unknown", reason="no")]
    for one in (report(*objects), *(report(each) for each in objects)):
        for verbose in (0, 1):
            shown = table.render(one, verbose)
            assert "\n\n\n" not in shown, shown


def test_a_remedy_that_is_none_is_not_told() -> None:
    """Nor is a title over nothing."""
    none = Remedy("target", "none without a change of the program", False)
    call = Finding("qsort-unstable", Severity.WARNING, When.RUN, "app", "x differs", symbol="qsort", remedies=(none,))
    shown = table.render(report(judged("app", "differs", call)), 0)
    assert "none without" not in shown
    assert "What helps" not in shown


@pytest.mark.parametrize("width", [60, 100])
def test_rows_fit_the_width(width: int) -> None:
    """The reason is cut, nothing else; -v and files have it whole."""
    long = missing("a_name_that_goes_on_and_on_" * 4, "a.so")
    objects = report(judged("a.so", "fails", long), judged("b.so"))
    rows = table.render(objects, 0, width=width).splitlines()[:6]
    assert max(map(len, rows)) == width
    assert max(len(row) for row in table.render(objects, 0).splitlines()[:6]) > 120
    assert max(len(row) for row in table.render(objects, 1, width=width).splitlines()[:6]) > 120


def test_remedies_that_settle_all_come_first() -> None:
    """A partial remedy says of how many findings it is one; -v lists all."""
    rebuild, source = Remedy("rebuild", "rebuild for musl", True), Remedy("source", "use another name", False)
    findings = [missing("backtrace", remedies=(rebuild, source)), missing("fcntl64", remedies=(rebuild,))]
    lines = table.render(report(judged("app", "fails", *findings)), 0).splitlines()
    at = lines.index("  What helps")
    assert lines[at + 1 : at + 3] == ["    rebuild for musl", "    use another name  (1 of 2 findings)"]


def test_use_and_silence_are_not_called_messages() -> None:
    """What the loader never prints is not said to be printed."""
    deferred = judged("m.so", "fails-on-use", missing("backtrace", "m.so", When.USE))
    assert "dies without a message when it calls: backtrace" in table.render(report(deferred), 0)
    silent = Finding("relr-unsupported", Severity.ERROR, When.LOAD, "app", "app: DT_RELR is ignored",
                     evidence=(Evidence("dynamic", "app", "3 words in DT_RELR"),))  # fmt: skip
    text = table.render(report(judged("app", "fails", silent)), 0)
    assert "No log will say:\n    app: DT_RELR is ignored" in text
    assert "The loader will say" not in text
    assert "1 object with packed relocations\n    app    3 words in DT_RELR" in text


def test_what_breaks_first_is_what_breaks_at_load() -> None:
    """A library that is opened later, by name, is not what breaks first."""
    later = Finding("library-missing", Severity.ERROR, When.USE, "a.so", "libx.so: No such file", library="libx.so")
    assert table.first_failure(judged("a.so", "fails", later, missing("backtrace", "a.so"))) == (
        "backtrace: symbol not found (+1)"
    )
    assert table.first_failure(judged("a.so", "fails-on-use", later)) == "libx.so: No such file"


def test_a_name_that_several_libraries_want_is_one_name() -> None:
    """The figure of a note is that of the names it lists."""
    evidence = (Evidence("host", "", "taken to come from CPython"),)
    notes = [
        Finding("symbol-unresolved", Severity.INFO, When.LOAD, path, f"{path}: {name}", symbol=name, evidence=evidence)
        for path, name in (("a.so", "PyLong_AsLong"), ("libb.so", "PyLong_AsLong"), ("libb.so", "PyErr_Print"))
    ]
    text = table.render(report(judged("a.so", "fails", missing("backtrace", "a.so"), *notes)), 0)
    assert "  2 names taken to come from CPython: PyLong_AsLong, PyErr_Print\n" in text


def test_what_was_not_looked_at() -> None:
    """Skips are grouped by reason and counted; the total names them."""
    skipped = (*(Skipped(f"{number}.o", "an object file") for number in range(9)), Skipped("x", "encrypted"))
    text = table.render(report(judged(), skipped=skipped), 0)
    assert "  9 × an object file: 0.o, 1.o, 2.o and 6 more\n  1 × encrypted: x\n" in text
    assert text.endswith("1 checked on alpine:3.23: 1 runs; 10 not looked at.\n")
    assert "8.o" in table.render(report(judged(), skipped=skipped), 1)


def test_unknown_says_why() -> None:
    """An object that could not be judged has its reason in the table, and in JSON."""
    made = report(judged("app", "unknown", reason="no loader for sparc64"))
    assert "Not judged: no loader for sparc64." in table.render(made, 0)
    assert json.loads(json_format.render(made))["objects"][0]["reason"] == "no loader for sparc64"


def test_assumptions_are_said() -> None:
    """What a verdict leans on is in the table once, also for what runs."""
    text = table.render(report(judged(assumed=("/usr/lib/libz.so.1",))), 0)
    assert text.count("Taken for granted: /usr/lib/libz.so.1") == 1


def test_names_that_are_not_text() -> None:
    """Bytes of a file name that are no UTF-8 come out as escapes, in both formats."""
    made = report(judged("bad-\udcff.so"))
    assert "bad-\\udcff.so" in json_format.render(made)
    json.loads(json_format.render(made).encode("utf-8"))
    assert table.render(made, 0).encode("utf-8", "backslashreplace")


def test_a_name_that_would_not_show_hides_no_finding() -> None:
    """Findings are held together as one text with control characters in it; those are no part of a name."""
    names = ("backtrace", "backtrace_symbols", "fcntl64")
    held = {path: together(missing(name, path) for name in names) for path in ("a_b", "a\nb")}
    plain, escaped = (
        table.render(report(replace(judged(path, "fails"), findings=found)), 0) for path, found in held.items()
    )
    assert escaped.replace("a\\nb", "a_b") == plain
    assert "3 symbols" in escaped


def test_colour_is_only_colour() -> None:
    """Painted or not, the words are the same."""
    made = report(judged("a", "fails", missing("backtrace", "a")), judged("b"), judged("c", "unknown", reason="r"))
    painted = table.render(made, 0, colour=True)
    assert "\x1b[31;1mFAILS\x1b[0m" in painted
    for code in ("31;1", "32", "35", "0"):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == table.render(made, 0)


def test_joined() -> None:
    """Several sources on one target make one report; on several targets none."""
    both = joined([report(judged("a"), source="x"), report(judged("b"), source="y")])
    assert (both.source, [j.path for j in both.objects]) == ("x, y", ["a", "b"])
    other = Report("z", "file", TargetFacts("musl:1.2.5", "musl", "1.2.5", ""), (), ())
    with pytest.raises(WrongUse, match="different targets"):
        joined([both, other])
