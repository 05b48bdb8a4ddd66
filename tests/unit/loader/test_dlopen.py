"""``dlopen``: what it says, what it puts off, whom it asks."""

from typing import Any

import pytest

from muslint.elf.object import DF_1_NOW, DF_BIND_NOW, DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1, STB_WEAK, STT_TLS, ElfObject
from muslint.loader.environment import Environment
from muslint.loader.named import opener
from tests.unit.loader.objects import ABSOLUTE, GLOB_DAT, JUMP_SLOT, TPOFF, library, loader, symbol

GONE = "Error relocating /p.so: {}: symbol not found"


def plugin(*pairs: tuple[int, str], **more: Any) -> ElfObject:
    """/p.so, which refers to names it does not define."""
    rows = [symbol(name, defined=False) for name in dict.fromkeys(name for _, name in pairs)]
    return library("/p.so", rows, pairs, **more)


def test_host_of_which_only_libc_is_known() -> None:
    """Without a program libc is in scope, and nothing else."""
    link = loader(plugin((JUMP_SLOT, "puts"), (JUMP_SLOT, "host_call"))).open(None, "/p.so")
    assert (link.exit, link.errors) == (127, (GONE.format("host_call"),))


def test_the_program_and_its_libraries_are_in_scope() -> None:
    """What the program exports or has loaded is found; what the plugin brings along as well."""
    files = [
        library("/app", [symbol("from_program")], needed=["liba.so", "libc.so"]),
        library("/lib/liba.so", [symbol("from_library")]),
        library("/lib/libb.so", [symbol("from_dependency")]),
        plugin(*((JUMP_SLOT, f"from_{what}") for what in ("program", "library", "dependency")), needed=["libb.so"]),
    ]
    link = loader(*files).open("/app", "/p.so")
    assert (link.exit, link.errors) == (0, ())
    assert [m.path for m in link.scope][-2:] == ["/p.so", "/lib/libb.so"]


def test_preloaded_libraries_stand_for_a_host() -> None:
    """A host that is only known by a library it has."""
    files = [library("/host.so", [symbol("host_call")]), plugin((JUMP_SLOT, "host_call"))]
    assert loader(*files).open(None, "/p.so", preload="/host.so").exit == 0


def test_lazy_puts_off_plt_and_got_only() -> None:
    """A pointer in data fails at once, under the same name too."""
    pairs = [(JUMP_SLOT, "call"), (GLOB_DAT, "address"), (ABSOLUTE, "pointer"), (GLOB_DAT, "both"), (ABSOLUTE, "both")]
    link = loader(plugin(*pairs)).open(None, "/p.so", lazy=True)
    assert [m.name for m in link.deferred] == ["call", "address", "both"]
    assert [m.name for m in link.messages] == ["pointer", "both"]


@pytest.mark.parametrize(
    ("tags", "eager"),
    [
        ({DT_FLAGS: DF_BIND_NOW}, True),
        ({DT_FLAGS_1: DF_1_NOW}, True),
        ({DT_BIND_NOW: 1}, True),
        ({DT_BIND_NOW: 0}, False),  # the value counts, and linkers write 0
        ({DT_FLAGS: 2}, False),
    ],
)
def test_binding_now(tags: dict[int, int], eager: bool) -> None:
    """An object that asks for eager binding puts nothing off."""
    link = loader(plugin((JUMP_SLOT, "gone"), tags=tags)).open(None, "/p.so", lazy=True)
    assert (link.exit == 127) is eager
    assert bool(link.deferred) is not eager


def test_first_only_is_what_dlerror_says() -> None:
    """``dlopen`` ends at the first line: a missing dependency before any symbol, one symbol before the next."""
    missing = loader(plugin((JUMP_SLOT, "one"), (JUMP_SLOT, "two"), needed=["libx.so", "liby.so"]))
    assert missing.open(None, "/p.so", first_only=True).errors == (
        "Error loading shared library libx.so: No such file or directory (needed by /p.so)",
    )
    assert len(missing.open(None, "/p.so").errors) == 4
    symbols = loader(plugin((JUMP_SLOT, "one"), (JUMP_SLOT, "two")))
    assert symbols.open(None, "/p.so", first_only=True).errors == (GONE.format("one"),)


def test_the_opened_library_is_relocated_before_what_it_needs() -> None:
    """Unlike at a start, where the program is last."""
    needed = library("/lib/libb.so", [symbol("lower", defined=False)], [(JUMP_SLOT, "lower")])
    link = loader(plugin((JUMP_SLOT, "upper"), needed=["libb.so"]), needed).open(None, "/p.so")
    assert [m.name for m in link.messages] == ["upper", "lower"]


def test_not_found_names_nobody() -> None:
    """The message of the library itself has no "needed by"."""
    link = loader().open(None, "libx.so")
    assert link.errors == ("Error loading shared library libx.so: No such file or directory",)


def test_what_is_loaded_already_is_not_relocated_again() -> None:
    """A name the program was started with opens, though it would fail now."""
    files = [library("/app", needed=["libbad.so"]), library("/lib/libbad.so", *_bad())]
    assert loader(*files).open("/app", "libbad.so").exit == 0
    assert loader(*files).open(None, "libbad.so").exit == 127


def _bad() -> tuple[list[Any], list[tuple[int, str]]]:
    return [symbol("gone", defined=False)], [(JUMP_SLOT, "gone")]


def _tls(name: str, path: str, owner: bool, **more: Any) -> ElfObject:
    row = symbol(name, defined=owner, kind=STT_TLS, value=0)
    return library(path, [row], [(TPOFF, name)], tls=8 if owner else None, **more)


def test_initial_exec_tls_of_an_opened_object() -> None:
    """Its own, or that of a library that came along, is fatal; that of a started library is fine."""
    text = "Error relocating /p.so: v: initial-exec TLS resolves to dynamic definition in {}"
    assert loader(_tls("v", "/p.so", True)).open(None, "/p.so", lazy=True).errors == (text.format("/p.so"),)
    along = [_tls("v", "/p.so", False, needed=["libt.so"]), library("/lib/libt.so", [symbol("v", kind=STT_TLS)], tls=8)]
    assert loader(*along).open(None, "/p.so").errors == (text.format("/lib/libt.so"),)
    app = library("/app", needed=["libt.so", "libc.so"])
    assert loader(app, *along).open("/app", "/p.so").exit == 0


def test_the_initial_exec_line_stands_where_its_entry_is_met() -> None:
    """Between the lines of the entries around it."""
    rows = [symbol("a", defined=False), symbol("v", kind=STT_TLS), symbol("b", defined=False)]
    obj = library("/p.so", rows, [(JUMP_SLOT, "a"), (TPOFF, "v"), (JUMP_SLOT, "b")], tls=8)
    assert [m.kind for m in loader(obj).open(None, "/p.so").messages] == ["symbol", "tls", "symbol"]


def test_weak_undefined_initial_exec_kills_the_process() -> None:
    """At a start and in dlopen; lines of earlier entries are still printed."""
    rows = [symbol("a", defined=False), symbol("v", defined=False, kind=STT_TLS, bind=STB_WEAK)]
    pairs = [(JUMP_SLOT, "a"), (TPOFF, "v"), (JUMP_SLOT, "a")]
    link = loader(library("/m", rows, pairs, needed=["libc.so"])).list("/m", repeats=True)
    assert (link.exit, link.repeats) == (-11, ("Error relocating /m: a: symbol not found",))
    alone = library("/p.so", rows[1:], [(TPOFF, "v")])
    assert loader(alone).open(None, "/p.so").exit == -11
    given = library("/app", [symbol("v", kind=STT_TLS)], needed=["libc.so"], tls=8)
    assert loader(given, alone).open("/app", "/p.so").exit == 0


def test_what_a_host_has_loaded_by_its_path() -> None:
    """Its names are in scope; a needed name is searched for all the same, and found to be that file by its inode."""
    files = [library("/jvm/libhost.so", [symbol("host_call")]), plugin((JUMP_SLOT, "host_call"), needed=["libhost.so"])]
    found = loader(*files).open(None, "/p.so", loaded=["/jvm/libhost.so"])
    assert found.errors == ("Error loading shared library libhost.so: No such file or directory (needed by /p.so)",)
    found = loader(*files).open(None, "/p.so", loaded=["/jvm/libhost.so"], library_path="/jvm")
    assert (found.exit, found.errors) == (0, ())
    assert [m.path for m in found.scope].count("/jvm/libhost.so") == 1


def test_a_host_library_that_is_not_there_changes_nothing() -> None:
    """Neither a line nor an error number is left behind by it."""
    asked = plugin((JUMP_SLOT, "host_call"))
    plain = loader(asked).open(None, "/p.so")
    assert loader(asked).open(None, "/p.so", loaded=["/gone.so"]) == plain


@pytest.mark.parametrize("program", [None, "/app"])
def test_the_library_path_is_asked_for_what_is_opened_by_name(program: str | None) -> None:
    """LD_LIBRARY_PATH, unless the process is secure; what is preloaded is there under the name it was found by."""
    files = [library("/opt/libx.so"), library("/lib/liby.so"), library("/app", needed=["libc.so"])]
    assert not opener(loader(*files), program, Environment())("libx.so")
    assert opener(loader(*files), program, Environment("/opt"))("libx.so")
    assert not opener(loader(*files), program, Environment("/opt"), True)("libx.so")
    assert opener(loader(*files), program, Environment("/opt", "libx.so"))("libx.so")
