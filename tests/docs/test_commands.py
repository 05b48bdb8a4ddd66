"""Every command in the docs and the README works as it is typed, where what it names is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from typer.main import get_command

from muslint.cli.app import assembled
from tests.docs.blocks import _MAIN, pages
from tests.docs.commands import NOT_RUN, Command, commands, lines, reason
from tests.docs.workplace import LOG, lay
from tests.support import roots
from tests.support.cache import REPOSITORY

TIMEOUT = 120.0  # seconds a command may take
RUN = commands()
ALPINE = "/path/to/root"
"""What the docs call a real Alpine root."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory the commands are run in, one after the other as a reader would."""
    folder = tmp_path_factory.mktemp("docs") / "here"
    folder.mkdir()
    lay(folder)
    for name in ("old.json", "new.json", "known.json", "muslint-baseline.json"):
        assert run(Command(folder, "", ("check", "dist/", "-o", f"json={name}")), folder).returncode in (0, 1)
    return folder


def run(command: Command, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one; what is piped into it is an image or a log, as the command before the pipe says."""
    words = [str(roots.alpine()) if word == ALPINE else word for word in command.words]
    given: dict[str, object] = {"stdin": subprocess.DEVNULL}
    if command.before.startswith("docker save"):
        given = {"stdin": open(folder / "image.tar", "rb")}  # noqa: SIM115
    elif command.before:
        assert command.before.startswith("docker logs"), command.before
        given = {"input": LOG}
    return subprocess.run(
        [sys.executable, "-c", _MAIN, *words], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "NO_COLOR": "1"}, **given,
    )  # type: ignore[call-overload, no-any-return]  # fmt: skip


@pytest.mark.parametrize("command", RUN, ids=str)
def test_command(command: Command, place: Path) -> None:
    """It is understood, finds what it names, and ends with an answer."""
    done = run(command, place)
    answers = (0, 1, 127) if command.words[0] == "ldd" else (0, 1)
    assert done.returncode in answers, done.stderr
    assert done.stdout or done.stderr or "=" in " ".join(command.words), "it says nothing and writes nothing"
    assert "Traceback" not in done.stderr


def blocks_of(language: str) -> list[tuple[Path, str]]:
    """Every fenced block in a language, but those that other tests run."""
    fence = re.compile(rf"(<!-- file: [^\n]*-->\n)?^```{language}\n(.*?)^```$", re.S | re.M)
    found = ((page, match) for page in pages() for match in fence.finditer(page.read_text(encoding="utf-8")))
    return [(page, match[2]) for page, match in found if not match[1]]


@pytest.mark.parametrize(
    "program", [pytest.param(text, id=page.stem) for page, text in blocks_of("python") if " import " in f" {text}"]
)
def test_python(program: str, place: Path) -> None:
    """Programs that the docs show run where the commands do."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place, capture_output=True, text=True, timeout=TIMEOUT, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "settings", [pytest.param(text, id=page.stem) for page, text in blocks_of("toml") if "on = " in text]
)
def test_settings(settings: str, place: Path, tmp_path: Path) -> None:
    """Settings that the docs show are settings that there are."""
    file = tmp_path / "muslint.toml"
    file.write_text(settings, encoding="utf-8")
    done = run(Command(file, "", ("config", "show", "--config", str(file))), place)
    assert done.returncode == 0, done.stderr
    assert "muslint.toml" in done.stdout


def test_what_is_not_run_has_a_reason() -> None:
    """Each reason is that of some command, and most commands are run."""
    told = {reason(typed) for _, typed in lines()} - {""}
    assert told <= set(NOT_RUN.values())
    assert len(RUN) > 30
    assert sum(bool(reason(typed)) for _, typed in lines()) < 6


def test_commands_named_in_prose_exist() -> None:
    """Code within sentences names commands and options that there are."""
    root = get_command(assembled())
    context = click.Context(root, info_name="muslint")
    seen, wrong = 0, []
    for page in pages():
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
        for shown in re.findall(r"`muslint ([a-z][^`]*)`", text):
            seen += 1
            words = shown.split()
            command = root.get_command(context, words[0])  # type: ignore[attr-defined]
            if command is not None and hasattr(command, "commands") and len(words) > 1:
                command = command.commands.get(words[1])
            if command is None:
                wrong.append(f"{page.name}: {shown}")
                continue
            options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
            wrong += [
                f"{page.name}: {shown}: {word}" for word in words if word.startswith("--") and word not in options
            ]
    assert seen > 20
    assert not wrong


def test_targets_of_make_exist() -> None:
    """What the docs tell to make, the Makefile can make."""
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {
        name
        for page in pages()
        for name in re.findall(
            r"(?:^|`)make ([a-z-]+)(?=[`\s]*(?:$|`|\s{2,}|#))", page.read_text(encoding="utf-8"), re.M
        )
    }
    assert len(named) > 5
    assert named <= targets


def test_scripts_named_in_the_docs_exist() -> None:
    """Programs of the repository that the docs call are there, with the options that are given to them."""
    typed = re.compile(r"python (?:-m (?P<module>(?:tests|tools)[\w.]*)|(?P<script>tools/\w+\.py))(?P<rest>[^\n`|]*)")
    seen, wrong = 0, []
    for page in pages():
        for match in typed.finditer(page.read_text(encoding="utf-8")):
            seen += 1
            place = REPOSITORY / (match["script"] or match["module"].replace(".", "/"))
            files = [place] if place.is_file() else [place.with_suffix(".py"), *place.glob("__main__.py")]
            source = "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
            if not source or any(option not in source for option in re.findall(r"--[a-z][\w-]*", match["rest"])):
                wrong.append(f"{page.name}: {match[0].strip()}")
    assert seen > 5
    assert not wrong
