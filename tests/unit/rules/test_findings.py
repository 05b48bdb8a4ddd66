"""Findings held as what they differ in come back as they were."""

import pickle
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from muslint.rules.finding import Evidence, Finding, Severity, When
from muslint.rules.findings import Findings, together

_WORDS = st.sampled_from(["", "a", "aa", "a b", "PyLong_Type", "x\0y", "\udcff", "ö"])
_EVIDENCE = st.builds(Evidence, _WORDS, _WORDS, _WORDS)
_FINDINGS = st.builds(
    Finding, st.just("r"), st.sampled_from(Severity), st.just(When.LOAD), _WORDS,
    st.builds("{0}: {1}: {0}".format, _WORDS, _WORDS), st.none() | _WORDS, st.none() | _WORDS,
    evidence=st.lists(_EVIDENCE, max_size=2).map(tuple), suppressed=st.none() | _WORDS,
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(_FINDINGS, max_size=12))
def test_as_they_were(findings: list[Finding]) -> None:
    held = together(findings)
    assert list(held) == findings
    assert len(held) == len(findings)
    assert held == together(findings)
    assert hash(held) == hash(together(findings))
    assert pickle.loads(pickle.dumps(held)) == held
    assert [held[number] for number in range(len(held))] == findings


def _of_host(symbol: str, version: str | None = None) -> Finding:
    return Finding(
        "symbol-unresolved", Severity.INFO, When.LOAD, "x.so", f"Error relocating x.so: {symbol}: symbol not found",
        symbol, version, evidence=(Evidence("host", symbol, "taken to come from CPython"),),
    )  # fmt: skip


def test_what_is_alike_is_held_once() -> None:
    mixed = [_of_host(f"Py{number}", ("A", "B")[number % 2]) for number in range(100)]
    assert len(together(mixed).kinds) == 2
    assert len(together([*mixed, replace(mixed[0], library="libx.so")]).kinds) == 3


def test_none_at_all() -> None:
    assert list(Findings()) == list(together(())) == []
    assert together(()) == Findings()
