"""Counters of loops and indexes of tables, and what is made of them."""

from muslint.elf.values import UNKNOWN, Symbol, Value, only, operate, some


def test_a_step_of_a_loop_is_any_number_of_steps() -> None:
    """A variable that is counted up: its first value, then rows from the next on; nothing where the step is unknown."""
    before = Value(frozenset((0x1000,)), True, frozenset((("loop", "rbx"),)))
    assert operate("add", before, only(16), 8) == Value(frozenset((Symbol("row", 16, 0x1010),)), False)
    assert operate("add", before, UNKNOWN, 8) == UNKNOWN
    assert operate("add", before, only((1 << 64) - 8), 8) == UNKNOWN  # downwards
    assert operate("sub", before, only(16), 8) == UNKNOWN


def test_an_unknown_index_has_a_stride() -> None:
    """What is unknown, multiplied by the size of a row and added to a table, is some row of it."""
    row = operate("shl", UNKNOWN, only(4), 8)
    assert row == Value(frozenset((Symbol("row", 16, 0),)), False)
    assert operate("add", row, only(0x2008), 8).known == {Symbol("row", 16, 0x2008)}
    assert operate("mul", row, only(3), 8).known == {Symbol("row", 48, 0)}
    assert operate("and", row, only(0xFF), 8).known == frozenset()
    assert operate("mul", only(5), only(4), 8) == only(20)


def test_of_many_items_the_first_are_kept() -> None:
    """A long table says what its first rows hold, and that there is more."""
    assert some(range(5)) == Value(frozenset(range(5)), False)
    assert 1 < len(some(range(1000)).known) < 100


def test_an_element_of_an_array_that_others_hold() -> None:
    """An unknown index into what a parameter points to, or into the stack, stays one; others are unknown."""
    index, array = operate("mul", UNKNOWN, only(8), 8), Symbol("param", 1, 16)
    assert operate("add", only(array), index, 8).known == {array._replace(stride=8)}
    assert operate("add", index, only(Symbol("frame", 0, -32)), 8).known == {Symbol("frame", 0, -32, stride=8)}
    assert operate("add", only(Symbol("field", 0, 8, 8)), index, 8).known == frozenset()


def test_flags_that_a_loop_sets_in_memory_are_set_alone_too() -> None:
    """What is there before the loop need not be known."""
    before = Value(frozenset(), False, frozenset((("loop", "place"),)))
    assert operate("or", before, only(32), 4) == Value(frozenset((32,)), False)
    assert operate("or", before, only(1 << 40), 8).known == frozenset()
