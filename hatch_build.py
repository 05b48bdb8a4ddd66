"""Compiles the ELF reader while a wheel is built, where ``MUSLINT_COMPILE=1`` asks for it.

Without it nothing is done, and the wheel is the sources as they are. An editable install is never compiled: Python
takes the shared object before its source, so that edits would go unseen. docs/adr/0005-compiled-reader.md says why.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE = "MUSLINT_COMPILE"
"""The environment variable that asks for a compiled reader: 1 or 0."""

TIMEOUT = 900.0
"""Seconds that checking, writing C and compiling may take; on one slow core it is about 60."""

_MOST_LINES = 20  # of what the compilers say when they fail
_WRONG = re.compile(r"\berror: |No module named")


class CannotCompile(Exception):
    """It was asked for, and it failed; the text is the reason."""


def asked() -> bool:
    """Whether a compiled reader is asked for; ends the build for a value that is neither yes nor no."""
    value = os.environ.get(VARIABLE, "")
    if value not in ("", "0", "1"):
        sys.exit(f"{VARIABLE} is {value!r}; it can be 1 or 0")
    return value == "1"


def compiled(source: Path, modules: Sequence[str], folder: Path) -> list[Path]:
    """Compile ``modules`` of the package in ``source`` with mypyc within ``folder``; the shared objects it made.

    mypyc writes beside what it reads, so it is given a copy. Raises CannotCompile.
    """
    for path in source.rglob("*.py"):
        copy = folder / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    files = [f"{module.replace('.', '/')}.py" for module in modules]
    # No settings of this machine's user or of the tree above: the reader is checked by `make lint`.
    command = [sys.executable, "-m", "mypyc", "--config-file=", *files]
    levels = {"MYPYC_OPT_LEVEL": os.environ.get("MYPYC_OPT_LEVEL", "3"), "MYPYC_DEBUG_LEVEL": "0"}
    try:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **levels}, timeout=TIMEOUT, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CannotCompile(f"mypyc took over {TIMEOUT:.0f} s") from None
    if done.returncode:
        raise CannotCompile(f"mypyc ended with {done.returncode}:\n{_reason(done.stdout)}")
    found = [path for path in folder.rglob("*") if path.suffix in (".so", ".pyd") and "build" not in path.parts]
    made = {".".join(path.relative_to(folder).parts).partition(".cp")[0].removesuffix(path.suffix) for path in found}
    if missing := sorted(set(modules) - made):
        raise CannotCompile(f"mypyc made no shared object of {', '.join(missing)}")
    return found


def _reason(output: str) -> str:
    """The lines that say what was wrong, or the last ones."""
    lines = output.strip().splitlines()
    wrong = [line for line in lines if _WRONG.search(line)]
    return "\n".join((wrong or lines)[-_MOST_LINES:])


class CompiledReader(BuildHookInterface[Any]):
    """The hook. ``modules`` and ``needs`` stand in pyproject.toml."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling: nothing unless it compiles."""
        return list(self.config["needs"]) if asked() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, put the shared objects beside their sources, and name the wheel for this Python and machine."""
        self._folder = tempfile.TemporaryDirectory(prefix="muslint-compile-")  # until the wheel is written
        if version == "editable" or not asked():
            return
        folder = Path(self._folder.name)
        try:
            found = compiled(Path(self.root, "src"), self.config["modules"], folder)
        except CannotCompile as error:
            self._folder.cleanup()
            sys.exit(f"{VARIABLE} asks for a compiled reader, which cannot be made: {error}")
        for path in found:
            build_data["force_include"][str(path)] = path.relative_to(folder).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove everything that was made on the way."""
        del version, build_data, artifact_path
        self._folder.cleanup()
