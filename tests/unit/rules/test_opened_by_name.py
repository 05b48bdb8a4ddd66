"""What is opened by name, where the name is no name."""

from pathlib import Path

import pytest

from muslint.pipeline import check
from muslint.policy.verdict import Verdict
from muslint.report import table
from muslint.report.format import named_format
from muslint.report.report import Report
from muslint.rules.finding import Effect
from tests.support import compile as compiler


def test_null_is_no_name(tmp_path: Path) -> None:
    """``dlopen(NULL)`` in a file linked at 0: what lies at address 0 is the ELF header, not a text."""
    source = tmp_path / "program.c"
    source.write_text("#include <dlfcn.h>\nint main(void)\n{\n\treturn dlopen(0, RTLD_NOW) == 0;\n}\n")
    program = compiler.zig_cc("x86_64-linux-gnu.2.36", [source], tmp_path / "program", "-fPIE", "-pie")
    found = [f for judged in check(str(program), on="alpine:3.23").objects for f in judged.findings]
    assert "library-missing" not in {finding.rule for finding in found}


def test_what_a_glibc_image_lacks_too(tmp_path: Path) -> None:
    """The name is asked for by glibc's search. It is no reason against an image that lacks the library as well, for the
    verdict there is "runs"; the remedy says so."""
    source = tmp_path / "program.c"
    source.write_text('#include <dlfcn.h>\nint main(void)\n{\n\treturn dlopen("libfoo.so.1", RTLD_NOW) == 0;\n}\n')
    program = compiler.zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / "program")
    (judged,) = check(str(program), on="debian:12").objects
    (found,) = [finding for finding in judged.findings if finding.library == "libfoo.so.1"]
    assert found.message == "libfoo.so.1: cannot open shared object file: No such file or directory"
    assert judged.verdict is Verdict.RUNS
    (judged,) = check(str(program), on="alpine:3.23").objects
    (image,) = [tried for tried in judged.remedies if tried.kind == "image"]
    assert image.cures
    assert image.text == "the file as it is; libfoo.so.1, which it opens by name, is not there"


OPENS = '#include <dlfcn.h>\nint main(void) { return dlopen("libfoo.so.1", RTLD_NOW) == 0; }\n'
NEEDS = "int foo(void); int main(void) { return foo(); }\n"


def built(folder: Path, text: str, compiler_of: str = "x86_64-linux-gnu.2.28") -> str:
    """A program that opens, or needs, libfoo.so.1."""
    (folder / "foo.c").write_text("int foo(void) { return 0; }\n")
    (folder / "program.c").write_text(text)
    flags = ("-shared", "-fPIC", "-Wl,-soname,libfoo.so.1")
    foo = compiler.zig_cc(compiler_of, [folder / "foo.c"], folder / "libfoo.so", *flags)
    inputs = [folder / "program.c", *([foo] if text == NEEDS else [])]
    return str(compiler.zig_cc(compiler_of, inputs, folder / "program"))


def said(report: Report) -> str:
    """The table without its last line."""
    return table.render(report, 0)


@pytest.mark.parametrize("text", [OPENS, NEEDS])
def test_what_no_table_tells_of_may_be_there(text: str, tmp_path: Path) -> None:
    """Of Debian the libraries are known, of Ubuntu those of glibc and the compiler alone."""
    program = built(tmp_path, text)
    for target, known in (("debian:12", True), ("ubuntu:24.04", False)):
        report = check(program, on=target)
        (found,) = [finding for finding in report.objects[0].findings if finding.rule == "library-missing"]
        assert found.unlisted is not known
        assert (found.confidence == "certain") is (known and text == NEEDS)
        assert ("1 library that is not on the target" in said(report)) is known
        assert ("1 library that may not be on the target" in said(report)) is not known
        assert ("The loader will say:" in said(report)) is (known and text == NEEDS)
        assert ("If it is not there, the loader will say:" in said(report)) is (not known and text == NEEDS)


def test_what_only_musl_has_is_in_no_image_with_glibc(tmp_path: Path) -> None:
    """No table has to say so."""
    (tmp_path / "part.c").write_text('#include <stdio.h>\nint part(void) { return puts("x"); }\n')
    part = compiler.zig_cc("x86_64-linux-musl", [tmp_path / "part.c"], tmp_path / "part.so", "-shared", "-fPIC")
    for judged in check(str(part), on="ubuntu:24.04").objects:
        assert not any(finding.unlisted for finding in judged.findings)


def test_an_image_that_no_table_tells_of_is_not_tried(tmp_path: Path) -> None:
    """Only Ubuntu 26.04 is new enough: whether it holds the library is not known, so nothing is said to be left."""
    (tmp_path / "new.c").write_text("int pown(int); int foo(void); int main(void) { return pown(foo()); }\n")
    (tmp_path / "m.c").write_text("int pown(int n) { return n; }\n")
    (tmp_path / "m.map").write_text("GLIBC_2.42 { global: pown; };\n")
    newer = compiler.zig_cc(
        "x86_64-linux-gnu.2.28", [tmp_path / "m.c"], tmp_path / "libnew.so", "-shared", "-fPIC", "-nostdlib",
        "-Wl,-soname,libm.so.6", f"-Wl,--version-script={tmp_path / 'm.map'}",
    )  # fmt: skip
    built(tmp_path, NEEDS)
    program = compiler.zig_cc(
        "x86_64-linux-gnu.2.28", [tmp_path / "new.c", tmp_path / "libfoo.so", newer], tmp_path / "new"
    )
    (judged,) = check(str(program), on="alpine:3.23").objects
    assert judged.requires["GLIBC"] == "2.42"
    (way,) = [way for way in judged.remedies if way.kind == "image"]
    assert (way.commands, way.effect, way.remains) == (("FROM ubuntu:26.04",), Effect.UNTRIED, ())
    assert way.text == "not known whether libfoo.so.1 is in ubuntu:26.04: no table lists what it holds"
    assert "FROM ubuntu:26.04    not known whether" in said(check(str(program), on="alpine:3.23"))


def test_every_format_says_that_it_may_be_there(tmp_path: Path) -> None:
    """Those for people and services beside the line that the loader would print; data has it as evidence."""
    report = check(built(tmp_path, NEEDS), on="ubuntu:24.04")
    for name in ("cyclonedx", "github", "gitlab", "html", "json", "jsonl", "junit", "markdown", "sarif", "table"):
        form = named_format(name)
        text = form.piece(report) + form.end(report) if form.piece else form.text(report, 0, False)
        assert "may be there" in text or "may not be there" in text, name
