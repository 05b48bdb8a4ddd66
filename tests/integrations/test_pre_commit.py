"""``.pre-commit-hooks.yaml``: taken by pre-commit, and the hook fails and passes where it should."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.reports.reports import MADE
from tests.support.cache import REPOSITORY

yaml = pytest.importorskip("yaml", reason="not checked here: pyyaml is not installed")
pytest.importorskip("pre_commit", reason="not checked here: pre-commit is not installed")
if shutil.which("git") is None:
    pytest.skip("not checked here: git is not installed", allow_module_level=True)

RUN_LIMIT = 120.0  # seconds
HOOKS = REPOSITORY / ".pre-commit-hooks.yaml"


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory, without anything of the user's own configuration."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {
        "HOME": str(folder), "PRE_COMMIT_HOME": str(folder / "cache"), "PYTHONPATH": str(REPOSITORY / "src"),
        "GIT_CONFIG_NOSYSTEM": "1", "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=RUN_LIMIT, check=False, env=environment
    )


def test_manifest_is_valid(tmp_path: Path) -> None:
    """pre-commit's own check."""
    done = run(tmp_path, sys.executable, "-m", "pre_commit", "validate-manifest", str(HOOKS))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("source", "code"), [("lazy-plugin", 0), ("wheel", 1)])
def test_hook(tmp_path: Path, source: str, code: int) -> None:
    """The entry, the file pattern and the exit code work in a real repository; only how it is installed differs."""
    hook: dict[str, Any] = {**yaml.safe_load(HOOKS.read_text(encoding="utf-8"))[0], "language": "system"}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "muslint").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m muslint "$@"\n')
    (tmp_path / "bin" / "muslint").chmod(0o755)
    repository = tmp_path / "repository"
    repository.mkdir()
    MADE[source].lay(repository)
    (repository / "README.md").write_text("text is not looked at\n")
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
    for command in (("git", "init", "-q"), ("git", "add", "-A")):
        assert run(tmp_path, *command[:1], "-C", str(repository), *command[1:]).returncode == 0
    done = run(tmp_path, "sh", "-c", f'cd repository && "{sys.executable}" -m pre_commit run --all-files')
    assert done.returncode == code, done.stdout
    assert ("Passed" if code == 0 else "symbol not found") in done.stdout
    assert "README" not in done.stdout
