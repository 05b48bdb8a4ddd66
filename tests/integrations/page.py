"""The blocks of ``docs/integrations.md``: files as a user copies them, each under ``<!-- file: NAME -->``."""

import re
import subprocess
from functools import cache
from pathlib import Path

from tests.support import installed
from tests.support.cache import REPOSITORY

PAGE = REPOSITORY / "docs" / "integrations.md"
RUN_LIMIT = 300.0  # seconds
_FILE = re.compile(r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", re.S | re.M)


@cache
def files() -> dict[str, str]:
    """Every block by the name of its file."""
    found = _FILE.findall(PAGE.read_text(encoding="utf-8"))
    assert len({name for name, _text in found}) == len(found)
    return dict(found)


def write(folder: Path, name: str) -> Path:
    """Put a block where its user puts it, below ``folder``."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(files()[name], encoding="utf-8")
    return path


def shell(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in ``folder`` with the wheel of this tree installed; ``pip`` takes everything from a directory."""
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
        env={**installed.environment(), **variables},
    )  # fmt: skip
