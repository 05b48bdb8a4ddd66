"""Initial-exec thread-local storage in a library that is opened with dlopen: musl has no room for it."""

from collections.abc import Iterator

from muslint.rules.finding import Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule


def find(case: Case) -> Iterator[Finding]:
    """``initial-exec TLS resolves to dynamic definition`` (musl ``do_relocs``, since 1.1.20)."""
    for message in case.messages:
        if message.kind == "tls":
            symbol = message.name if message.name != "(null)" else None
            yield Finding(
                RULE.id, Severity.ERROR, When.LOAD, case.shown(message.object), case.line(message), symbol=symbol,
                remedies=(
                    Remedy("rebuild", "compile with -ftls-model=global-dynamic (or local-dynamic)", True),
                    Remedy("start", "load it at start: link the program with it, or LD_PRELOAD", True),
                ),
            )  # fmt: skip


RULE = Rule(
    id="tls-initial-exec",
    title="Initial-exec TLS in an object that is dlopened",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="a TPOFF relocation in a plugin that defines the variable itself",
    witness="tests/loader (dlopen)",
    order=27,
    find=find,
)
