"""A relocation type that the loader does not know: the load fails, whatever the symbol."""

from collections.abc import Iterator

from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule

_IRELATIVE = {
    37: "x86_64",
    42: "i386",
    1032: "aarch64",
    160: "arm",
    248: "powerpc",
    61: "s390x",
    58: "riscv",
    12: "loongarch",
}


def find(case: Case) -> Iterator[Finding]:
    """``unsupported relocation type N`` (musl ``do_relocs``)."""
    for message in case.messages:
        if message.kind != "type":
            continue
        ifunc = case.model.arch.startswith(_IRELATIVE.get(message.number, "?"))
        what = (
            "IRELATIVE: a function chosen at load time (IFUNC)"
            if ifunc
            else f"a type {case.model.family} has no code for"
        )
        yield Finding(
            RULE.id, Severity.ERROR, When.LOAD, case.shown(message.object), case.line(message),
            relocation=message.number, evidence=(Evidence("relocation", str(message.number), what),),
            remedies=(Remedy("rebuild", "rebuild for musl, where compilers make no IFUNC", False),) if ifunc else (),
        )  # fmt: skip


RULE = Rule(
    id="relocation-unsupported",
    title="A relocation type that the target's loader does not know",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="the relocation entry",
    witness="tests/loader (IRELATIVE, unsupported type)",
    order=25,
    find=find,
)
