"""The file found for a needed library cannot be used, and musl does not look for another."""

from collections.abc import Iterator

from muslint.elf.machine import machine_number
from muslint.loader.scope import SIGBUS, SIGSEGV, Death
from muslint.rules.finding import Evidence, Finding, Severity, When
from muslint.rules.library_cause import library_findings
from muslint.rules.rule import Case, Rule

_SIGNALS = {SIGBUS: "SIGBUS", SIGSEGV: "SIGSEGV"}
_CUT = "the file is cut short: what musl reads of it, or writes to, lies beyond its end"
_DEATHS = {
    Death.CLEARED: "what follows a segment's bytes in the file is to be cleared, and its last page is read-only",
    Death.NO_HASH: "it has no hash table, and musl looks names up in it",
    Death.RECLAIMED: "a read-only segment or the dynamic section lies in what a writable segment leaves of its last"
    " page, as tools that move the headers lay it: musl gives that to malloc",
    Death.WEAK_TLS: "it refers to a weak thread-local variable that nothing defines",
    Death.WRITTEN: "a relocation lies in read-only pages, without DT_TEXTREL, or behind the last page",
}


def find(case: Case) -> Iterator[Finding]:
    """Lines for files that do not load, files of another machine, and a load that kills the loader."""
    yield from library_findings(case, RULE.id)
    link, path = case.link, case.shown(case.path)
    if link is None:
        return
    wanted = machine_number(case.model.arch)
    for mapped in link.scope:
        if mapped.object is not None and wanted and mapped.object.ident.machine != wanted:
            where = case.shown(mapped.path)
            yield Finding(
                RULE.id, Severity.ERROR, When.LOAD, path,
                f"{where} is for {mapped.object.arch}, not {case.model.arch}", library=where,
                evidence=(Evidence("header", where, "musl maps it without a check and then misreads it"),),
            )  # fmt: skip
    if link.exit < 0:
        yield _killed(case, path, -link.exit)


def _killed(case: Case, path: str, number: int) -> Finding:
    """The load kills the loader itself, with nothing in the log but the signal."""
    signal, why = _SIGNALS.get(number, f"signal {number}"), "the loader cannot read one of the files"
    where = path
    if case.link is not None and case.link.killed is not None:
        where, why = case.shown(case.link.killed[0]), _DEATHS[Death(case.link.killed[1])]
    elif number == SIGBUS and case.link is not None and case.link.searches and case.link.searches[-1].attempts:
        where = case.shown(case.link.searches[-1].attempts[-1].path)  # the file that was being mapped
    why = _CUT if number == SIGBUS else why
    return Finding(
        RULE.id, Severity.ERROR, When.LOAD, path, f"{path}: the loader dies of {signal}, without a message",
        library=where if where != path else None, evidence=(Evidence("loader", where, why),),
    )  # fmt: skip


RULE = Rule(
    id="library-unusable",
    title="The file found for a needed library is of another class or machine, or cannot be loaded",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="the file's header and tables",
    witness="tests/loader (wrong files)",
    order=22,
    find=find,
)
