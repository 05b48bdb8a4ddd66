"""What an object gives and asks for."""

from typing import Any

import pytest

from muslint.elf.object import STB_LOCAL, STB_WEAK, STT_GNU_IFUNC, STT_OBJECT, STT_TLS
from muslint.libc.musl import model
from muslint.loader.bind import Exports, References, exports, references
from tests.unit.loader.objects import ABSOLUTE, COPY, GLOB_DAT, IRELATIVE, JUMP_SLOT, TPOFF, library, symbol

MUSL = model("1.2.5", "x86_64")


def asked(*arguments: Any, with_libc: bool = True) -> References:
    """The references of a library made of these."""
    obj = library("/lib/a.so", *arguments)
    return references(obj, exports(obj), MUSL, True, with_libc)


@pytest.mark.parametrize(
    ("row", "given"),
    [
        (symbol("f"), True),
        (symbol("f", bind=STB_WEAK), True),
        (symbol("f", bind=STB_LOCAL), False),
        (symbol("f", value=0), False),
        (symbol("f", kind=STT_TLS, value=0), True),
        (symbol("f", kind=STT_GNU_IFUNC), False),
        (symbol("f", hidden=True), False),
        (symbol("f", defined=False), False),
    ],
)
def test_exports(row: Any, given: bool) -> None:
    """`find_sym`'s tests, one by one."""
    found = exports(library("/lib/a.so", [row]))
    assert found.defined == ({"f"} if given else set())
    assert bool(found.own[1]) is given


def test_first_visible_entry_counts() -> None:
    """A name whose first visible entry is not acceptable is not given by a later one."""
    ifunc = symbol("f", kind=STT_GNU_IFUNC)
    assert exports(library("/lib/a.so", [ifunc, symbol("f")])).defined == frozenset()
    assert exports(library("/lib/a.so", [symbol("f"), ifunc])).defined == {"f"}
    assert exports(library("/lib/a.so", [symbol("f", hidden=True), symbol("f")])).defined == {"f"}


def test_references_by_class() -> None:
    """PLT, other and COPY are kept apart; libc and the object itself are left out."""
    rows = [symbol("own"), *(symbol(name, defined=False) for name in ("call", "data", "puts", "big"))]
    pairs = [(JUMP_SLOT, "call"), (GLOB_DAT, "data"), (JUMP_SLOT, "puts"), (JUMP_SLOT, "own"), (COPY, "big")]
    found = asked(rows, pairs)
    assert (found.plt, found.other, found.copy) == ({"call"}, {"data"}, {"big"})
    assert [name for name, *_ in found.order] == ["call", "data", "big"]
    assert asked(rows, pairs, with_libc=False).plt == {"call", "puts"}


def test_a_copied_symbol_of_its_own_is_looked_for_elsewhere() -> None:
    """The program's own copy does not satisfy its COPY relocation."""
    assert asked([symbol("environ2", kind=STT_OBJECT)], [(COPY, "environ2")]).copy == {"environ2"}


def test_weak_undefined_is_free_but_weak_defined_is_not() -> None:
    """Weakness counts for undefined symbols only."""
    rows = [symbol("gone", defined=False, bind=STB_WEAK), symbol("ifunc", bind=STB_WEAK, kind=STT_GNU_IFUNC)]
    assert asked(rows, [(GLOB_DAT, "gone"), (GLOB_DAT, "ifunc")]).other == {"ifunc"}


def test_weak_thread_local_is_fatal() -> None:
    """An initial-exec reference to a weak undefined variable: the loader reads through a null pointer."""
    gone = symbol("gone", defined=False, bind=STB_WEAK, kind=STT_TLS)
    assert asked([gone], [(TPOFF, "gone")]).fatal == {"gone"}
    assert asked([gone], [(GLOB_DAT, "gone")]).fatal == frozenset()


def test_unknown_type_is_told_whether_or_not_the_name_is_found() -> None:
    """The symbol is looked up first; an unknown type without a missing name is told as a type."""
    rows = [symbol("gone", defined=False), symbol("puts", defined=False)]
    found = asked(rows, [(IRELATIVE, ""), (IRELATIVE, "gone"), (IRELATIVE, "puts")])
    assert found.unsupported
    assert [name for name, *_ in found.order] == ["", "gone", ""]


def test_lfs64_names_are_found_in_libc_alone() -> None:
    """``open64`` is musl's ``open`` even where libc is not in scope; ``posix_fallocate64`` is too long for 1.2.5."""
    rows = [symbol("open64", defined=False), symbol("posix_fallocate64", defined=False)]
    found = asked(rows, [(JUMP_SLOT, "open64"), (JUMP_SLOT, "posix_fallocate64")], with_libc=False)
    assert found.plt == {"posix_fallocate64"}


def test_symbol_index_outside_the_table_is_no_symbol() -> None:
    """A relocation that points beyond the symbol table asks for no name."""
    obj = library("/lib/a.so", [symbol("f", defined=False)], [(ABSOLUTE, "f")])
    short = library("/lib/b.so")
    nothing = Exports(short.symbols, b"\0")
    moved = references(_with_relocations_of(short, obj), nothing, MUSL, True, True)
    assert moved.order == ()


def _with_relocations_of(target: Any, source: Any) -> Any:
    from dataclasses import replace

    return replace(target, relocations=source.relocations)
