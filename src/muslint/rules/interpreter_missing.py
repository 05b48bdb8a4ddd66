"""The program names a loader that the target does not have: the kernel refuses to start it."""

import errno
from collections.abc import Iterator

from muslint.libc import triples
from muslint.loader.target import STRERROR
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule


def find(case: Case) -> Iterator[Finding]:
    """PT_INTERP does not open in the target (Linux ``load_elf_binary``: ENOENT)."""
    if not case.interpreter_error:
        return
    interpreter = case.object.interpreter or ""
    path = case.shown(case.path)
    word = (
        "not found"
        if case.interpreter_error == errno.ENOENT
        else STRERROR.get(case.interpreter_error, "cannot be opened")
    )
    if case.model.family == "glibc":
        yield Finding(
            RULE.id, Severity.ERROR, When.LOAD, path, f"{path}: {word}", library=interpreter,
            evidence=(Evidence("interpreter", path, f"asks for {interpreter}, which {case.target} does not have"),),
            remedies=(Remedy("rebuild", f"rebuild for glibc {case.model.version} or older", True),),
        )  # fmt: skip
        return
    remedies = [
        Remedy("rebuild", f"rebuild for musl: on Alpine, or with zig cc -target {triples.zig(case.model.arch)}", True),
        Remedy(
            "binary",
            f"start it as /lib/ld-musl-{case.model.arch}.so.1 {path}; that cures this alone, not missing names",
            False,
        ),
    ]
    yield Finding(
        RULE.id, Severity.ERROR, When.LOAD, path, f"{path}: {word}", library=interpreter,
        evidence=(Evidence("interpreter", path, f"asks for {interpreter}, which {case.target} does not have"),),
        remedies=tuple(remedies),
    )  # fmt: skip


RULE = Rule(
    id="interpreter-missing",
    title="The program's interpreter (PT_INTERP) does not exist on the target",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="the path in PT_INTERP, looked up in the target's file tree",
    witness="tests/acceptance",
    order=10,
    find=find,
)
