"""muslint as its users have it: a wheel of this tree, put by pip into an environment of its own, with what it needs."""

import hashlib
import os
import sys
from functools import cache
from pathlib import Path

from .cache import REPOSITORY, Unavailable, built, cache_dir, locked, remove_tree, run
from .fetch import PIP_TIMEOUT

PACKED = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "src", "docs/rules", "docs/man")
"""What the wheel is made of."""


BUILD = ("setuptools>=70,<81", "hatchling>=1.24")
"""What pip builds with: a package that does not say how, such as pre-commit's for a local hook, and this one."""


@cache
def _key() -> str:
    """A digest of everything that goes into the wheel."""
    digest = hashlib.sha256(f"{REPOSITORY} {BUILD}".encode())
    for name in PACKED:
        files = [REPOSITORY / name] if (REPOSITORY / name).is_file() else sorted((REPOSITORY / name).rglob("*"))
        for path in files:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def wheelhouse() -> Path:
    """A directory with the wheel of this tree and those it needs, for ``pip --no-index --find-links``.

    Raises `Unavailable` where PyPI cannot be reached.
    """

    def download(folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        run([*pip, "wheel", "-q", "--no-deps", "-w", str(folder), str(REPOSITORY)], timeout=PIP_TIMEOUT)
        (wheel,) = folder.glob("muslint-*.whl")
        run(
            [*pip, "download", "-q", "--only-binary=:all:", "-d", str(folder), str(wheel), *BUILD],
            timeout=PIP_TIMEOUT,
        )

    place = hashlib.sha256(str(REPOSITORY).encode()).hexdigest()[:8]
    return built("wheelhouse", f"{place}-py3{sys.version_info.minor}", _key(), download)


def offline() -> dict[str, str]:
    """The environment variables by which any pip takes everything from `wheelhouse` and asks nobody."""
    return {
        "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse()),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1",
    }  # fmt: skip


def environment() -> dict[str, str]:
    """The variables of a shell in which that environment is active and nothing of this process's own is seen."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "MUSLINT_", "PIP_", "GITHUB_")) and name != "VIRTUAL_ENV"
    }
    return {**kept, **offline(), "PATH": f"{_virtualenv() / 'bin'}{os.pathsep}{os.environ['PATH']}"}


@cache
def _virtualenv() -> Path:
    folder = cache_dir() / "venvs" / f"installed-{wheelhouse().name}"
    with locked(f"venv-{folder.name}"):
        if not (folder / "complete").is_file():
            for old in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):
                remove_tree(old)
            run([sys.executable, "-m", "venv", str(folder)], timeout=120)
            run(
                [str(folder / "bin" / "pip"), "install", "-q", "muslint"],
                timeout=PIP_TIMEOUT, env={**os.environ, **offline()},
            )  # fmt: skip
            (folder / "complete").touch()
    if not (folder / "bin" / "muslint").is_file():
        raise Unavailable("pip installed no command muslint")
    return folder
