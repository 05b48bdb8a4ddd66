"""What pip installs of the compiled wheel is compiled, and says of every file what the reader in Python says of it.

mypyc checks the types of arguments while it runs, and has a bug of its own now and then: so damaged files too, and
each way in which bytes come.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.differential import recipes
from tests.differential.corpus import FULL, elf_files, pinned_wheels, wheel_members
from tests.support import compiled, roots
from tests.support.cache import REPOSITORY

MUTATIONS = int(os.environ.get("MUSLINT_FUZZ_CASES") or (12000 if FULL else 1500))
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
LIMIT = 60.0 + MUTATIONS / 20  # seconds
LARGEST = 1 << 19  # bytes of a file of a wheel or of the machine
MACHINES_STEP = 200


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """For PYTHONPATH: this tree with its reader in Python, and with the compiled one."""
    return str(REPOSITORY / "src"), str(compiled.package(tmp_path_factory.mktemp("compiled")))


def both(packages: tuple[str, str], *words: str, cwd: Path = REPOSITORY) -> list[subprocess.CompletedProcess[bytes]]:
    """Run ``python -m WORDS`` with each of the two at once."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", *words], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": f"{package}{os.pathsep}{REPOSITORY}"},
        )
        for package in packages
    ]  # fmt: skip
    try:
        told = [one.communicate(timeout=LIMIT) for one in runs]
    finally:
        for one in runs:
            one.kill()
    return [subprocess.CompletedProcess(words, one.returncode, *text) for one, text in zip(runs, told, strict=True)]


def equal(packages: tuple[str, str], *words: str, statuses: tuple[int, ...] = (0,), cwd: Path = REPOSITORY) -> bytes:
    """What both say alike, output, messages and exit code; it is not nothing."""
    python, own = both(packages, *words, cwd=cwd)
    assert python.returncode in statuses, python.stderr.decode()[-2000:]
    assert (own.returncode, own.stderr.decode()) == (python.returncode, python.stderr.decode())
    assert own.stdout == python.stdout
    assert python.stdout
    return python.stdout


def test_every_listed_module_is_compiled() -> None:
    """Each lies in the wheel as a shared object, beside its source; nothing else is one but what they share."""
    installed = compiled.installed()
    made = {name.removesuffix(SUFFIX).replace("/", ".") for name in compiled.shared_objects(installed)}
    assert {name for name in made if not name.endswith("__mypyc")} == set(compiled.modules())
    assert len(made) == len(compiled.modules()) + 1
    for module in compiled.modules():
        assert (installed / f"{module.replace('.', '/')}.py").is_file()
    (told,) = installed.glob("muslint-*.dist-info/WHEEL")
    assert "Root-Is-Purelib: false" in told.read_text()


def test_nothing_is_left_in_the_tree() -> None:
    """Neither C nor shared objects stay in the sources, where Python would take them before what is edited."""
    compiled.installed()
    left = [path for path in (REPOSITORY / "src").rglob("*") if path.suffix in (".so", ".c", ".h", ".o")]
    assert left == []


def test_facts_and_reasons(packages: tuple[str, str], tmp_path: Path) -> None:
    """Every fact of each fixture, of wheels and of the machine's files, whole, cut and damaged: the same lines."""
    files = [recipes.made(name) for name in recipes.NAMES]
    for wheel in pinned_wheels()[:3]:
        for number, (name, content) in enumerate(wheel_members(wheel)):
            if len(content) <= LARGEST:
                files.append(tmp_path / f"{wheel['name']}-{number}-{Path(name).name}")
                files[-1].write_bytes(content)
    files += elf_files(Path("/usr/bin"), 1 if FULL else MACHINES_STEP, LARGEST)
    runs = both(packages, "tests.compiled.say", str(MUTATIONS), SUFFIX, *map(str, files))
    assert [run.returncode for run in runs] == [0, 0], [run.stderr.decode()[-2000:] for run in runs]
    python, own = ([json.loads(line) for line in run.stdout.splitlines()] for run in runs)
    assert python[0] == [], "the reader in Python is not one"
    assert own[0] == list(compiled.modules()), "the compiled reader is not one"
    wrong = [f"{left}\n{right}" for left, right in zip_longest(python[1:], own[1:]) if left != right]
    assert not wrong, f"{len(wrong)} of {len(python)} differ\n" + "\n".join(wrong[:5])
    # What is only read or only refused would test half of the reader.
    told = [row[2] for row in python[1:]]
    assert sum(isinstance(row, dict) for row in told) > MUTATIONS // 2
    assert sum(isinstance(row, str) and row.startswith("MalformedElf") for row in told) > MUTATIONS // 10


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of fixtures, and beside it the same in archives whose members are read from memory and from disk."""
    place = tmp_path_factory.mktemp("archives")
    files = [recipes.made(name) for name in recipes.NAMES]
    (place / "files").mkdir()
    for file in files:
        (place / "files" / file.name).write_bytes(file.read_bytes())
    (place / "files" / "cut.so").write_bytes(files[0].read_bytes()[:3000])
    with zipfile.ZipFile(place / "stored.zip", "w") as stored, zipfile.ZipFile(place / "packed.zip", "w", 8) as packed:
        for file in sorted((place / "files").iterdir()):
            for archive in (stored, packed):
                archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), archive.compression)
    for name in ("plain.tar", "packed.tar.gz", "packed.tar.xz"):
        with tarfile.open(place / name, f"w:{name.partition('.tar')[2][1:]}") as tar:  # type: ignore[call-overload]
            tar.add(place / "files", "files")
            tar.add(place / "packed.zip", "within.zip")
    return place


@pytest.mark.parametrize("name", ["files", "stored.zip", "packed.zip", "plain.tar", "packed.tar.gz", "packed.tar.xz"])
def test_check(name: str, packages: tuple[str, str], tree: Path) -> None:
    """The JSON report of a directory and of archives, with all rules and for both loaders."""
    for target in ("alpine:3.23", "debian:12"):
        told = equal(packages, "muslint", "check", name, "--on", target, "-o", "json", statuses=(1,), cwd=tree)
        assert len(json.loads(told)["objects"]) >= len(recipes.NAMES) // 2


@pytest.mark.parametrize("command", ["ldd", "check", "bases"])
def test_root(command: str, packages: tuple[str, str]) -> None:
    """A whole root: what its loader would print for every file, the JSON report, and which base images run it."""
    root = str(roots.alpine())
    words = {
        "ldd": ("ldd", "--root", root, "--all", "--format", "jsonl"),
        "check": ("check", root, "-o", "json"),
        "bases": ("bases", f"{root}/bin/busybox", "-o", "json"),
    }[command]
    equal(packages, "muslint", *words, statuses=(0, 1, 127))
