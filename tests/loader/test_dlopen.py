"""Rules of ``dlopen``: a driver program opens a library under the real loader; our model must say the same.

The cases are the rows of ``dlopen.toml``: objects as in a ``case.toml``, then what is opened and what comes of it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from muslint.loader.root import loader_of
from muslint.sources.directory import DirectoryTree
from tests.support import musl
from tests.support.cache import REPOSITORY, Unavailable

from .case import HERE, RELEASES, Object, build, object_of

PROGRAM = "/app/driver"
RUN_TIMEOUT = 20.0
"""Seconds the driver may take."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One row: ``error`` is what dlerror says, empty where the library opens; ``deferred`` the names left open,
    ``before`` what the driver has opened by its path before."""

    rule: str
    objects: tuple[Object, ...]
    library: str
    mode: str
    error: str
    deferred: tuple[str, ...]
    before: tuple[str, ...]


def _read(row: dict[str, Any]) -> Opening:
    objects = tuple(object_of(table) for table in row["object"])
    deferred, before = tuple(row.get("deferred", ())), tuple(row.get("before", ()))
    return Opening(row["rule"], objects, row["library"], row["mode"], row["error"], deferred, before)


OPENINGS = {name: _read(row) for name, row in tomllib.loads((HERE / "dlopen.toml").read_text()).items()}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", OPENINGS)
def test_dlopen(name: str, release: str) -> None:
    """dlerror is what the row says; the model's first message is the same; what opened leaves the row's names open."""
    opening = OPENINGS[name]
    with tempfile.TemporaryDirectory(prefix="muslint-dlopen-") as folder:
        root = Path(folder, "root")
        musl.install(musl.loader(release), root)
        build(HERE / "dlopen", opening.objects, root)
        assert _opened(root, opening) == (opening.error or "opened"), f"the real loader differs: {opening.rule}"
        loader = loader_of(DirectoryTree(str(root)))
        link = loader.open(PROGRAM, opening.library, lazy=opening.mode == "lazy", loaded=opening.before)
        assert (link.errors[0] if link.errors else "") == opening.error, f"our model differs: {opening.rule}"
        assert (link.exit != 0) == bool(opening.error)
        if not opening.error:
            assert tuple(message.name for message in link.deferred) == opening.deferred, f"deferred: {opening.rule}"


def _opened(root: Path, opening: Opening) -> str:
    """What the driver prints inside ``root``."""
    request = {
        "root": str(root),
        "qemu": None,
        "command": [PROGRAM, opening.mode],
        "files": [opening.library],
        "timeout": RUN_TIMEOUT,
    }
    command = [sys.executable, "-I", str(REPOSITORY / "tests" / "support" / "chroot_driver.py")]
    if os.geteuid() != 0:
        unshare = shutil.which("unshare")
        if not unshare:
            raise Unavailable("chroot needs root or unshare(1)")
        command = [unshare, "-r", *command]
    done = subprocess.run(
        command, input=json.dumps(request), capture_output=True, text=True, timeout=60 + RUN_TIMEOUT, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"chroot: {done.stderr.strip().splitlines()[-1:]}")
    answer = json.loads(done.stdout)
    assert answer["exit"] == 0, answer
    return str(answer["stdout"]).rstrip("\n")
