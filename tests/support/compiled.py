"""muslint with a compiled reader: the wheel that ``make wheel`` builds, made once, and this tree around it."""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

from tools.make_wheel import build_settings, lacking, make_wheel

from .cache import REPOSITORY, Unavailable, built, run
from .fetch import PIP_TIMEOUT

SOURCE = REPOSITORY / "src"


def modules() -> tuple[str, ...]:
    """The dotted names of what is compiled, as pyproject.toml lists them."""
    return tuple(build_settings()["modules"])


@cache
def _key() -> str:
    """A digest of all that decides what is compiled: what is not compiled is taken from this tree as it is today."""
    digest = hashlib.sha256(f"{build_settings()} {sysconfig.get_platform()} {sys.version}".encode())
    sources = [SOURCE / f"{module.replace('.', '/')}.py" for module in modules()]
    # What they import is checked with them: its types decide what C is written.
    imported = [SOURCE / "muslint" / name for name in ("errors.py", "elf/machine.py")]
    for path in (REPOSITORY / "hatch_build.py", *sources, *imported):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def installed() -> Path:
    """A directory of packages into which pip put the compiled wheel. Raises `Unavailable` where none can be built.

    A machine that has a compiler and Python's headers can build one: there, a failure to compile is an AssertionError.
    """
    missing = lacking()
    if missing is not None:
        raise Unavailable(f"the compiled reader: {missing}")

    def build(folder: Path) -> None:
        try:
            wheel = make_wheel(folder, True)
        except subprocess.CalledProcessError as error:
            if "asks for a compiled reader" in error.stdout:
                raise AssertionError(error.stdout) from None
            told = [line for line in error.stdout.splitlines() if line.startswith("ERROR")] or ["pip failed"]
            raise Unavailable(f"what builds the compiled reader cannot be had: {told[0]}") from None
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps", "--no-index"]
        run([*pip, "--no-compile", "--target", str(folder / "packages"), str(wheel)], timeout=PIP_TIMEOUT)

    return built("compiled-reader", f"py3{sys.version_info.minor}", _key(), build) / "packages"


def package(folder: Path) -> Path:
    """``folder`` with the package of this tree in it and the shared objects beside their sources, for PYTHONPATH."""
    packages = installed()
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in shared_objects(packages):
        shutil.copy(packages / name, folder / name)
    return folder


def shared_objects(packages: Path) -> list[str]:
    """The paths of all shared objects below a directory of packages, sorted."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    return sorted(os.path.relpath(path, packages) for path in packages.rglob(f"*{suffix}"))
