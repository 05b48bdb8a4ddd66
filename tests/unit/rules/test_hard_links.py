"""A file with several names, or copies, is looked into once, and judged under each."""

import os
from pathlib import Path

import pytest

from muslint import pipeline
from muslint.rules.behaviour import found
from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from tests.support.compile import zig_cc

SOURCE = """
#include <stdio.h>
int main(int argc, char **argv) { (void)argv; return printf("%Zd\\n", (size_t)argc) < 0; }
"""


def test_both_names_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same finding, of a copy too; the rule is asked for one of them."""
    source = tmp_path / "source.c"
    source.write_text(SOURCE)
    folder = tmp_path / "folder"
    folder.mkdir()
    made = zig_cc("x86_64-linux-gnu.2.28", [source], folder / "first", "-fno-builtin")
    os.link(made, folder / "second")
    (folder / "copy").write_bytes(made.read_bytes())
    asked: list[str] = []
    told = found._proofs

    def proofs(behaviour: Behaviour, case: found.Case, scene: Scene) -> list[Proof]:
        def prove(one: Scene) -> list[Proof]:
            asked.append(one.path)
            return list(behaviour.prove(one))

        return told(_Asked(behaviour, prove), case, scene)  # type: ignore[arg-type]

    monkeypatch.setattr(found, "_proofs", proofs)
    report = pipeline.check(f"dir:{folder}", on="alpine:3.23")
    findings = {
        judged.path: [finding.message for finding in judged.findings if finding.rule == "printf-nonstandard"]
        for judged in report.objects
    }
    assert sorted(findings) == ["copy", "first", "second"]
    assert findings["first"] == findings["second"] == findings["copy"] and len(findings["first"]) == 1
    assert len(set(asked)) == 1


class _Asked:
    """A behaviour rule that notes whom it is asked about."""

    def __init__(self, behaviour: Behaviour, prove: object) -> None:
        self.id, self.linked, self.prove = behaviour.id, False, prove
