"""What the reader answers without reading every row, held against the rows: on every fixture and architecture."""

from collections import Counter

import pytest

from muslint.elf.dynamic import read
from muslint.elf.hashes import gnu_hash
from muslint.elf.object import STB_LOCAL, ElfObject, Kind
from muslint.elf.relocations import picked
from muslint.elf.rows import SymbolRows
from muslint.loader.bind import Exports, exports
from muslint.sources.bytes import MemoryBytes
from tests.differential import recipes


def _object(name: str) -> ElfObject:
    obj = read(MemoryBytes(recipes.content(name)), name)
    if obj.kind is Kind.RELOCATABLE or len(obj.symbols) < 2:
        pytest.skip("no dynamic symbols: nothing to compare")
    return obj


@pytest.mark.parametrize("name", recipes.NAMES)
def test_columns_against_rows(name: str) -> None:
    """Each is worked out from bytes of its own; a byte order or an offset that is wrong shows here."""
    symbols = _object(name).symbols
    rows = SymbolRows(list(symbols), symbols.others, symbols.versyms, symbols.first_hashed)
    for start in (0, 1, symbols.first_hashed):
        assert list(symbols.undefined(start)) == rows.undefined(start)
        assert list(symbols.without_value(start)) == rows.without_value(start)
        assert list(symbols.with_hidden_version(start)) == rows.with_hidden_version(start)
    marks = bytes(index % 3 == 1 for index in range(len(rows)))
    assert list(symbols.names_marked(marks)) == list(rows.names_marked(marks))
    last = len(rows) - 1
    for indexes in ([last, 1], [last], range(1, last), range(last, 1), range(last, 0, -1), [], symbols.undefined(0)):
        symbols.forget()
        assert list(symbols.names_of(indexes)) == list(rows.names_of(indexes))
    assert list(symbols.linkage()) == list(rows.linkage())
    assert [symbols.is_undefined(i) for i in range(len(rows))] == [rows.is_undefined(i) for i in range(len(rows))]


@pytest.mark.parametrize("name", recipes.NAMES)
def test_relocation_columns_against_rows(name: str) -> None:
    """What is told from columns of bytes is what the entries say one by one."""
    obj = _object(name)
    for table in obj.relocations:
        pairs = [(row.type, row.symbol) for row in table]
        assert list(table.all_references()) == pairs
        assert list(table.references()) == list(dict.fromkeys(pairs))
        marks = bytes(index % 3 == 1 for index in range(len(obj.symbols)))
        for odd in (set[int](), {pairs[0][0], pairs[-1][0]} if pairs else set[int]()):
            kinds, found = table.picked(marks, odd.__contains__)
            wanted = picked(pairs, marks, odd.__contains__)
            assert (kinds, list(dict.fromkeys(found))) == (wanted[0], list(dict.fromkeys(wanted[1])))


@pytest.mark.parametrize("name", recipes.NAMES)
def test_the_hash_table_rules_out_no_name_that_is_there(name: str) -> None:
    obj = _object(name)
    symbols = obj.symbols
    held = [symbols.names[i] for i in range(symbols.first_hashed, len(symbols))]
    assert set(symbols.possible([*held, "no such name"])) >= set(held)
    if obj.has_gnu_hash and any(exports(obj).own):
        assert "no such name" not in symbols.possible([*held, "no such name"])
    counted = Counter(held)
    for index in range(symbols.first_hashed, len(symbols)):
        assert symbols.may_share_names([index]) or counted[symbols.names[index]] == 1
    symbols.forget()
    assert set(symbols.possible(held)) == set(held)


@pytest.mark.parametrize("name", recipes.NAMES)
def test_exports_against_rows(name: str) -> None:
    """The same answers as from rows, which are asked one by one."""
    obj = _object(name)
    ours = exports(obj)
    rows = SymbolRows(list(obj.symbols), obj.symbols.others, obj.symbols.versyms, obj.symbols.first_hashed)
    plain = Exports(rows, ours.own)
    if any(ours.own):
        assert ours.defined == plain.defined
    assert ours.may_give(ours.defined) is bool(ours.defined)
    assert not ours.may_give(frozenset({"no such name"}))
    local = [i for i, row in enumerate(obj.symbols) if row.bind == STB_LOCAL]
    assert not any(ours.own[i] for i in local)


@pytest.mark.parametrize("name", ["", "a", "printf", "x" * 1024, "y" * 1025, "z" * 5000, "caf\xe9\udcff"])
def test_the_hash_is_that_of_the_loader(name: str) -> None:
    """Multiplied byte by byte, as musl's ``gnu_hash`` does."""
    h = 5381
    for byte in name.encode("utf-8", "surrogateescape"):
        h = (h * 33 + byte) & 0xFFFFFFFF
    assert gnu_hash(name) == h
    assert gnu_hash("printf") == 0x156B2BB8
