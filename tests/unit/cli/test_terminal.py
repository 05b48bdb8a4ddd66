"""What only a terminal sees: the progress bar, completion, the manual page."""

import importlib.util
import io
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from muslint.cli import progress
from muslint.cli.progress import Progress
from tests.support.cache import REPOSITORY
from tests.unit.cli.test_check import ON, run

RUN_LIMIT = 60.0  # seconds


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No CI, a terminal that can move its cursor."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return monkeypatch


def test_bar_only_after_a_while(plain: pytest.MonkeyPatch) -> None:
    """Nothing in the first half second; then not more often than it can be seen; at the end nothing is left."""
    now = [100.0]
    plain.setattr(progress, "monotonic", lambda: now[0])
    stream = Terminal()
    with Progress(False, stream) as bar:
        bar.step("reading", 1, 4)
        now[0] += 0.49
        bar.step("reading", 2, 4)
        assert stream.getvalue() == ""
        now[0] += 0.02
        bar.step("reading", 2, 4)
        assert stream.getvalue() == "\rreading  [############............] 2/4\x1b[K"
        bar.step("reading", 3, 4)
        assert stream.getvalue().count("\r") == 1
    assert stream.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("terminal", "quiet", "env"),
    [(False, False, {}), (True, True, {}), (True, False, {"CI": "true"}), (True, False, {"TERM": "dumb"})],
)
def test_no_bar(plain: pytest.MonkeyPatch, terminal: bool, quiet: bool, env: dict[str, str]) -> None:
    """Not in a pipe, with -q, in CI, or on a dumb terminal."""
    for key, value in env.items():
        plain.setenv(key, value)
    plain.setattr(progress, "DELAY", -1.0)
    stream = Terminal() if terminal else io.StringIO()
    Progress(quiet, stream).step("reading", 1, 2)
    assert stream.getvalue() == ""


def on_terminal(folder: Path, delay: float, *arguments: str, ci: str = "") -> tuple[bytes, bytes]:
    """Standard output, and what a real terminal gets as stderr."""
    code = f"import muslint.cli.progress as p; p.DELAY = {delay}; from muslint.cli.app import main; main()"
    own, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=theirs,
            timeout=RUN_LIMIT, check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "TERM": "xterm", "CI": ci},
        )  # fmt: skip
        os.set_blocking(own, False)
        try:
            seen = os.read(own, 1 << 16)
        except BlockingIOError:
            seen = b""
    finally:
        os.close(own)
        os.close(theirs)
    return done.stdout, seen


def test_bar_on_a_real_terminal(tmp_path: Path) -> None:
    """It shows, goes away, and changes no byte of the report; a quick run and CI never show it."""
    (tmp_path / "dist").mkdir()
    shutil.copy(os.path.realpath("/bin/ls"), tmp_path / "dist" / "ls")
    command = ("check", "dist", *ON, "--isolated")
    out, bar = on_terminal(tmp_path, 0.0, *command)
    assert bar.startswith(b"\rreading  [")
    assert bar.endswith(b"\r\x1b[K")
    assert on_terminal(tmp_path, 30.0, *command) == (out, b"")
    assert on_terminal(tmp_path, 0.0, *command, ci="1") == (out, b"")


# --- completion ---------------------------------------------------------------------------------------------


def completed(tmp_path: Path, *words: str) -> list[str]:
    """What bash itself is given for the last of these words, through the printed script."""
    if shutil.which("bash") is None:
        pytest.skip("not checked here: bash is not installed")
    (tmp_path / "muslint").write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "$MAIN" "$@"\n')
    (tmp_path / "muslint").chmod(0o755)
    script = 'eval "$(muslint completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
    script += '_muslint_completion muslint; printf \'%s\\n\' "${COMPREPLY[@]}"; printf "%q\\n" "$COMP_WORDBREAKS"'
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *words], capture_output=True, text=True, check=False,
        timeout=RUN_LIMIT,
        env={
            **os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY / "src"),
            "MAIN": "import sys; sys.argv[0] = 'muslint'; from muslint.cli.app import main; main()",
            "COMP_WORDBREAKS": " :=",
        },
    )  # fmt: skip
    assert done.stderr.replace("bash: line 1: compopt: not currently executing completion function\n", "") == ""
    *replies, breaks = done.stdout.splitlines()
    assert ":" not in breaks
    return [reply for reply in replies if reply]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("che",), ["check"]),
        (("check", "--fail-o"), ["--fail-on"]),
        (("check", "--fail-on", "fails"), ["fails", "fails-on-use"]),
        (("check", "--on", "alpine:3.2"), ["alpine:3.20", "alpine:3.21", "alpine:3.22", "alpine:3.23", "alpine:3.24"]),
        (("check", "-o", "g"), ["github", "gitlab"]),
        (("config", "s"), ["show"]),
    ],
)
def test_completion(tmp_path: Path, words: tuple[str, ...], expected: list[str]) -> None:
    """Commands, options, choices, targets and formats."""
    assert sorted(completed(tmp_path, "muslint", *words)) == expected


def test_completion_scripts(tmp_path: Path) -> None:
    """Each shell has its script; another shell is refused."""
    for shell in ("bash", "zsh", "fish"):
        done = run(tmp_path, "completion", shell)
        assert done.returncode == 0
        assert b"_MUSLINT_COMPLETE" in done.stdout
        if found := shutil.which(shell):
            checked = subprocess.run(
                [found, "-n"], input=done.stdout, capture_output=True, timeout=RUN_LIMIT, check=False
            )
            assert checked.returncode == 0, checked.stderr
    assert run(tmp_path, "completion", "csh").returncode == 2


# --- the manual page ----------------------------------------------------------------------------------------


def make_man() -> ModuleType:
    """The program that makes the page."""
    spec = importlib.util.spec_from_file_location("make_man", REPOSITORY / "tools" / "make_man.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_manual_page_is_that_of_the_commands() -> None:
    """``make docs`` writes it anew."""
    made = make_man()
    assert made.PAGE.read_text(encoding="utf-8") == made.page()


def test_manual_page_can_be_read() -> None:
    """Formatted without a warning, with every command and option in it."""
    man = shutil.which("man")
    if man is None or shutil.which("groff") is None:
        pytest.skip("not checked here: man or groff is not installed")
    page = REPOSITORY / "docs" / "man" / "muslint.1"
    done = subprocess.run(
        [man, "--warnings", "-E", "UTF-8", "-l", "-P", "cat", str(page)], capture_output=True, text=True,
        timeout=RUN_LIMIT, check=False, env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.stderr == ""
    text = re.sub(r".\x08", "", done.stdout)  # bold is a letter printed twice
    for said in ("muslint check [OPTIONS] [SOURCE...]", "--write-baseline FILE", "MUSLINT_FAIL_ON", "EXIT STATUS"):
        assert said in text


def test_help_pages_cut_no_description_short() -> None:
    """On 80 columns every command's line says the whole of its first sentence."""
    import click
    from typer.main import get_command

    from muslint.cli.app import assembled

    groups = [get_command(assembled())]
    for group in groups:
        context = click.Context(group, info_name="muslint", terminal_width=80)
        shown = group.get_help(context)
        for name in group.list_commands(context):  # type: ignore[attr-defined]
            command = group.get_command(context, name)  # type: ignore[attr-defined]
            assert (command.help or "").partition("\n\n")[0].strip() in " ".join(shown.split()), name
            if hasattr(command, "list_commands"):
                groups.append(command)
