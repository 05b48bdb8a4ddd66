"""A name that an object file or static library asks for and the C library of the target cannot give it."""

from collections.abc import Iterator

from muslint.libc import triples
from muslint.libc.glibc import is_glibc
from muslint.libc.groups import family
from muslint.rules.finding import Evidence, Finding, Remedy, Severity, When
from muslint.rules.rule import Case, Rule

_OF_COMPILERS = (
    "__divdi3 __moddi3 __udivdi3 __umoddi3 __ashldi3 __ashrdi3 __lshrdi3 __cmpdi2 __ucmpdi2 __fixunsdfdi "
    "__fixunssfdi __fixunsxfdi __fixdfdi __fixsfdi __fixxfdi __floatdidf __floatdisf __floatdixf "
    "__register_frame __deregister_frame __register_frame_info __deregister_frame_info __register_frame_table "
    "__register_frame_info_bases __register_frame_info_table __deregister_frame_info_bases "
    "__register_frame_info_table_bases __frame_state_for _Unwind_Find_FDE __gcc_personality_v0"
)
"""Names that old releases of glibc exported too and every compiler brings with it."""

_LIBGCC = frozenset(_OF_COMPILERS.split())


def find(case: Case) -> Iterator[Finding]:
    """One finding for each name a linker on the target would call undefined.

    The linker takes what the target's ``libc.so`` or ``libc.a`` defines. The names the loader maps
    (``open64`` → ``open``, musl ``get_lfs64``) are not in them, so they do not link.
    """
    for name in case.wanted:
        if name in case.model.exports or name in _LIBGCC or not is_glibc(name, case.model.arch):
            continue
        path = case.shown(case.path)
        yield Finding(
            RULE.id, Severity.ERROR, When.LOAD, path, f"{path}: undefined reference to '{name}'", name,
            confidence="likely",  # another library of the link may have it
            evidence=(Evidence("symbol", path, f"undefined in .symtab; {case.target} has no {name} to link with"),),
            remedies=tuple(_remedies(case, name)),
        )  # fmt: skip


def _remedies(case: Case, name: str) -> Iterator[Remedy]:
    yield Remedy(
        "rebuild", f"compile it for musl: on Alpine, or with zig cc -target {triples.zig(case.model.arch)}", True
    )
    kin = family(name)
    if kin.source_fix and kin.id != "other":
        yield Remedy("source", f"{kin.title}: {kin.source_fix}", False)


RULE = Rule(
    id="link-missing",
    title="A name that an object file or static library asks for and the target's libc cannot give",
    severity=Severity.ERROR,
    when=When.LOAD,
    evidence="an undefined symbol that a relocation refers to, and no other object of its archive defines",
    witness="tests/formats (a real linker on a real musl)",
    order=45,
    find=find,
)
