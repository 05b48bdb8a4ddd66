"""Importing a model must stay cheap: no command-line or format library comes with it."""

import subprocess
import sys


def test_a_model_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from muslint.libc import glibc, musl\n"
        "musl.alpine('3.23', 'x86_64')\n"
        "print(*sorted({'json', 'typer', 'tabulate', 'lief', 'elftools', 'asyncio'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
