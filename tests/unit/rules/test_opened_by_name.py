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
