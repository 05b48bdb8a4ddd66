"""What is opened by name, where the name is no name."""

from pathlib import Path

from muslint.pipeline import check
from tests.support import compile as compiler


def test_null_is_no_name(tmp_path: Path) -> None:
    """``dlopen(NULL)`` in a file linked at 0: what lies at address 0 is the ELF header, not a text."""
    source = tmp_path / "program.c"
    source.write_text("#include <dlfcn.h>\nint main(void)\n{\n\treturn dlopen(0, RTLD_NOW) == 0;\n}\n")
    program = compiler.zig_cc("x86_64-linux-gnu.2.36", [source], tmp_path / "program", "-fPIE", "-pie")
    found = [f for judged in check(str(program), on="alpine:3.23").objects for f in judged.findings]
    assert "library-missing" not in {finding.rule for finding in found}


def test_what_a_glibc_image_lacks_too(tmp_path: Path) -> None:
    """The name is asked for by glibc's search: another base image is no way out where it lacks the library as well."""
    source = tmp_path / "program.c"
    source.write_text('#include <dlfcn.h>\nint main(void)\n{\n\treturn dlopen("libfoo.so.1", RTLD_NOW) == 0;\n}\n')
    program = compiler.zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / "program")
    (judged,) = check(str(program), on="debian:12").objects
    (found,) = [finding for finding in judged.findings if finding.library == "libfoo.so.1"]
    assert found.message == "libfoo.so.1: cannot open shared object file: No such file or directory"
    (judged,) = check(str(program), on="alpine:3.23").objects
    assert judged.remedies
    assert not any(tried.cures for tried in judged.remedies)
