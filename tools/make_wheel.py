"""``make wheel``: the wheel for any Python into ``dist``, and where it can be made, the one with a compiled reader.

That one is for this Python and machine. docs/adr/0005-compiled-reader.md says what is in it.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
TIMEOUT = 1200.0
"""Seconds one wheel may take, downloads of what builds it included."""


def build_settings() -> Mapping[str, Any]:
    """What pyproject.toml says of the compiled build: ``modules``, dotted names, and ``needs``, what compiles them."""
    told = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    settings: Mapping[str, Any] = told["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    return settings


def lacking() -> str | None:
    """What this machine lacks to compile for the running Python, in a few words; None where it lacks nothing."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None:
        return f"no C compiler {compiler} (Debian: apt-get install gcc libc6-dev)"
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        return "no Python.h (Debian: apt-get install python3-dev)"
    return None


def make_wheel(folder: Path, compiled: bool, **variables: str) -> Path:
    """Build one wheel with pip and put it into ``folder``; its path. ``variables`` are set for the build.

    Raises `subprocess.CalledProcessError` with what pip said, and `subprocess.TimeoutExpired`.
    """
    with tempfile.TemporaryDirectory(prefix="muslint-wheel-") as place:
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "-w", place]
        environment = {**os.environ, **variables, "MUSLINT_COMPILE": "1" if compiled else "0"}
        subprocess.run(
            [*command, str(REPOSITORY)], env=environment, timeout=TIMEOUT, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        (made,) = Path(place).glob("muslint-*.whl")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(made, folder / made.name))


def main() -> int:
    """Build both; 0, or 1 where one that this machine has everything for cannot be built."""
    folder = REPOSITORY / "dist"
    for compiled in (False, True):
        missing = lacking() if compiled else None
        if missing is not None:
            print(f"not built: the compiled wheel: {missing}")
            continue
        try:
            print(make_wheel(folder, compiled).relative_to(REPOSITORY))
        except subprocess.CalledProcessError as error:
            print(f"{error.stdout}\nnot built: the {'compiled' if compiled else 'pure'} wheel", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
