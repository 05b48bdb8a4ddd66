"""From findings to a verdict, from verdicts to the gate, and which objects are asked about."""

from dataclasses import replace
from typing import Any

import pytest

from muslint.policy.selection import EVERYTHING, Selection
from muslint.policy.verdict import FailOn, Verdict, fold, shut
from muslint.rules.finding import Evidence, Finding, Severity, When, stem

ERROR = Finding("symbol-missing", Severity.ERROR, When.LOAD, "app", "text", symbol="backtrace")


def finding(severity: str, when: str) -> Finding:
    """A finding of this severity that shows then."""
    return replace(ERROR, severity=Severity(severity), when=When(when))


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "runs"),
        ([("info", "load")], "runs"),
        ([("info", "run")], "runs"),
        ([("warning", "run")], "differs"),
        ([("error", "run")], "differs"),
        ([("error", "use")], "fails-on-use"),
        ([("error", "use"), ("error", "run")], "fails-on-use"),
        ([("error", "load")], "fails"),
        ([("warning", "run"), ("error", "use"), ("error", "load")], "fails"),
    ],
)
def test_fold(findings: list[tuple[str, str]], verdict: str) -> None:
    """The worst finding decides; info never does."""
    made = [finding(*each) for each in findings]
    assert fold(made) == verdict
    assert fold(reversed(made)) == verdict


def test_suppressed_findings_do_not_count() -> None:
    """What the user accepted is not held against the object."""
    assert fold([replace(ERROR, suppressed="known")]) is Verdict.RUNS


@pytest.mark.parametrize(
    ("fail_on", "closed_by"),
    [
        ("fails", {"fails"}),
        ("fails-on-use", {"fails", "fails-on-use"}),
        ("differs", {"fails", "fails-on-use", "differs"}),
        ("never", set()),
    ],
)
def test_gate(fail_on: str, closed_by: set[str]) -> None:
    """From which verdict on the gate is shut; unknown never shuts it."""
    assert {str(verdict) for verdict in Verdict if shut([verdict], FailOn(fail_on))} == closed_by
    assert not shut([], FailOn(fail_on))
    assert shut([Verdict.RUNS, Verdict.FAILS], FailOn(fail_on)) is ("fails" in closed_by)


def test_fingerprint() -> None:
    """It is of what is found, not of the words; stable from release to release."""
    assert ERROR.fingerprint == "6e34c48d7d6b3a08"
    assert replace(ERROR, message="other words").fingerprint == ERROR.fingerprint
    for change in ({"rule": "x"}, {"object": "x"}, {"symbol": "x"}, {"relocation": 1}):
        assert replace(ERROR, **change).fingerprint != ERROR.fingerprint
    gone = Finding("library-missing", Severity.ERROR, When.LOAD, "app", "text", library="libssl.so.1.1")
    assert replace(gone, library="libssl.so.3").fingerprint != gone.fingerprint  # another ABI is another library


@pytest.mark.parametrize(
    "change",
    [
        {"object": "image/layer/usr/bin/app"},  # moved, or in another layer
        {"object": "app-2.1.0"},  # another release
        {"version": "GLIBC_2.34", "library": "libc.so.6"},  # built on a newer glibc
        {"message": "m", "needed_by": "n", "evidence": (Evidence("call-site", "0x401000", "t"),)},
    ],
)
def test_fingerprint_outlives(change: dict[str, Any]) -> None:
    """A rebuild, a move and another layer change nothing."""
    before = replace(ERROR, version="GLIBC_2.2.5", library="libpthread.so.0")
    assert replace(before, **change).fingerprint == before.fingerprint == ERROR.fingerprint


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/lib/libssl.so.1.1", "libssl.so"),
        ("numpy.libs/libopenblas64_p-r0-0cf96a72.3.23.dev.so", "libopenblas64_p-r0.so"),
        ("libgcc_s-569bb0ba.so.1", "libgcc_s.so"),
        ("gevent/corecext.cpython-312-x86_64-linux-gnu.so", "corecext.so"),
        ("_corecffi.abi3.so", "_corecffi.so"),
        ("bin/server-v2.3.1-linux-amd64", "server-linux-amd64"),
        ("lib/node_sqlite3.node", "node_sqlite3.node"),
        ("x86_64", "x86_64"),
        ("libstdc++.so.6.0.30", "libstdc++.so"),
        ("sqlite3", "sqlite3"),
        ("-1.2", "-1.2"),
    ],
)
def test_stem(path: str, name: str) -> None:
    """Version, hash of the content and ABI tag go; what tells two files apart stays."""
    assert stem(path) == name


@pytest.mark.parametrize(
    ("include", "exclude", "wanted"),
    [
        ((), (), {"app", "lib/a.so", "lib/sub/b.so.1"}),
        (("*.so",), (), {"lib/a.so"}),
        (("lib/*",), (), {"lib/a.so", "lib/sub/b.so.1"}),
        (("a*",), (), {"app", "lib/a.so"}),
        (("LIB/*",), (), set()),
        ((), ("lib/sub/*",), {"app", "lib/a.so"}),
        (("*",), ("*",), set()),
        (("app", "*.so.[0-9]"), (), {"app", "lib/sub/b.so.1"}),
    ],
)
def test_selection(include: tuple[str, ...], exclude: tuple[str, ...], wanted: set[str]) -> None:
    """A pattern with a slash is of the whole path, one without also of the file name; letters' case counts."""
    selection = Selection(include, exclude)
    assert {path for path in ("app", "lib/a.so", "lib/sub/b.so.1") if selection.wants(path)} == wanted
    assert EVERYTHING.wants("anything")
