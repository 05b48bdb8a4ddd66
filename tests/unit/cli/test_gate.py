"""Configuration, suppressions, baseline and diff as a shell runs them, on a real program."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support import compile as compiler
from tests.support.cache import REPOSITORY
from tests.unit.cli.test_check import GLIBC, run
from tests.unit.rules.cases import COMMON, FIXTURES

ON = ("--on", "alpine:3.23")
ACCEPT = """\
[[suppress]]
symbol = "backtrace"
reason = "never called"
[[suppress]]
rule = "interpreter-missing"
reason = "r"
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that fails for its interpreter and for backtrace."""
    return compiler.zig_cc(
        GLIBC, [FIXTURES / "symbol-missing" / "backtrace.c"], tmp_path_factory.mktemp("gate") / "app"
    )


@pytest.fixture
def here(tmp_path: Path, program: Path) -> Path:
    """A directory with the program in it."""
    shutil.copy(program, tmp_path / "app")
    return tmp_path


def test_order_of_settings(here: Path) -> None:
    """Command line, then environment, then file, then default; config show says which."""
    (here / "muslint.toml").write_text('fail-on = "never"\non = "alpine:3.20"\n')

    def outcome(*arguments: str, **env: str) -> tuple[int, str]:
        done = run(here, "check", "app", *arguments, "-o", "json", env=env)
        return done.returncode, json.loads(done.stdout)["target"]["name"]

    assert outcome() == (0, "alpine:3.20")
    assert outcome(MUSLINT_FAIL_ON="fails") == (1, "alpine:3.20")
    assert outcome("--fail-on", "never", MUSLINT_FAIL_ON="fails", MUSLINT_ON="alpine:3.21") == (0, "alpine:3.21")
    assert outcome("--isolated", MUSLINT_FAIL_ON="never") == (1, "alpine:3.24")
    shown = json.loads(run(here, "config", "show", "-o", "json", env={"MUSLINT_ON": "alpine:3.21"}).stdout)
    assert shown["settings"]["on"] == {"value": "alpine:3.21", "from": "MUSLINT_ON"}
    assert shown["settings"]["fail-on"] == {"value": "never", "from": "muslint.toml"}
    assert shown["settings"]["strict"] == {"value": False, "from": "default"}


def test_every_option_can_be_set(here: Path) -> None:
    """What `check --help` lists is what `config show` lists, but for what names the file itself."""
    offered = {
        word.strip(",")
        for line in run(here, "check", "--help").stdout.decode().splitlines()
        for word in line.split()[:2]
        if word.startswith("--")
    }
    shown = json.loads(run(here, "config", "show", "-o", "json").stdout)["settings"]
    assert offered - {"--config", "--isolated", "--write-baseline", "--help"} == {f"--{name}" for name in shown}


def test_paths_in_a_file_begin_there(here: Path) -> None:
    """Outputs, the baseline and lists of sources lie where the file lies."""
    (here / "list").write_text("../app\n")
    (here / "muslint.toml").write_text('output = ["json=out.json"]\nfiles-from = "list"\non = "alpine:3.23"\n')
    (here / "sub").mkdir()
    done = run(here / "sub", "check")
    assert (done.returncode, done.stdout) == (1, b"")
    assert json.loads((here / "out.json").read_text())["source"] == "../app"


def test_quiet_takes_away_what_settings_print(here: Path) -> None:
    """-q silences a table that the file asks for; what goes to files, and what is typed, comes all the same."""
    (here / "muslint.toml").write_text('output = ["table", "json=out.json"]\n')
    assert run(here, "check", "app", *ON, "-q").stdout == b""
    assert (here / "out.json").is_file()
    assert run(here, "check", "app", *ON, "-q", "-o", "csv").stdout.startswith(b"target,")


def test_pyproject(here: Path) -> None:
    """[tool.muslint] and its suppressions."""
    (here / "pyproject.toml").write_text(
        '[tool.muslint]\non = "alpine:3.23"\n' + ACCEPT.replace("[[", "[[tool.muslint.")
    )
    done = run(here, "check", "app")
    assert done.returncode == 0
    assert done.stdout.endswith(b"1 checked on alpine:3.23: 1 runs; 2 findings suppressed.\n")
    assert run(here, "check", "app", *ON, "--isolated").returncode == 1


def test_suppressed_findings_stay_in_reports(here: Path) -> None:
    """Marked with the reason, counted, and not held against the object."""
    (here / "muslint.toml").write_text(ACCEPT)
    report = json.loads(run(here, "check", "app", *ON, "-o", "json").stdout)
    assert (report["summary"]["runs"], report["summary"]["suppressed"]) == (1, 2)
    assert [finding["suppressed"] for finding in report["objects"][0]["findings"]] == ["r", "never called"]


def test_expired_and_unused(here: Path) -> None:
    """An expired entry fails as its finding does and is told also with -q; an unused one only warns."""
    (here / "muslint.toml").write_text(ACCEPT.replace('"r"\n', '"r"\nexpires = 2020-02-29\n'))
    done = run(here, "check", "app", *ON, "-q")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"expired on 2020-02-29: 1 finding counts again" in done.stderr
    epoch = {"SOURCE_DATE_EPOCH": "1582934400"}  # 2020-02-29
    assert run(here, "check", "app", *ON, "-q", env=epoch).returncode == 0
    (here / "muslint.toml").write_text(ACCEPT + '[[suppress]]\nsymbol = "nothing"\nreason = "r"\n')
    done = run(here, "check", "app", *ON)
    assert done.returncode == 0
    assert (
        done.stderr
        == b"muslint: muslint.toml: [[suppress]] 3: the suppression of symbol nothing meets no finding: remove it\n"
    )


def test_baseline(here: Path) -> None:
    """Written once, only what is new fails; a moved and a rebuilt file is not new."""
    done = run(here, "check", "app", *ON, "--write-baseline", "known.json")
    assert done.returncode == 0
    assert b"FAILS" in done.stdout
    assert run(here, "check", "app", *ON, "--baseline", "known.json").returncode == 0
    (here / "layer").mkdir()
    compiler.zig_cc(
        "x86_64-linux-gnu.2.34", [FIXTURES / "symbol-missing" / "backtrace.c"], here / "layer" / "app", "-O2"
    )
    assert run(here, "check", "layer", *ON, "--baseline", "known.json").returncode == 0
    compiler.zig_cc(GLIBC, [COMMON / "program.c"], here / "layer" / "other")
    assert run(here, "check", "layer", *ON, "--baseline", "known.json").returncode == 1
    assert run(here, "check", "layer", *ON, "-o", "json=report.json").returncode == 1
    assert run(here, "check", "layer", *ON, "--baseline", "report.json").returncode == 0


def test_diff(here: Path) -> None:
    """What got worse is exit 1; what got better is not."""
    compiler.zig_cc("x86_64-linux-musl", [COMMON / "program.c"], here / "good", "-dynamic")
    run(here, "check", "app", *ON, "-o", "json=old.json")
    shutil.copy(here / "good", here / "app")
    run(here, "check", "app", *ON, "-o", "json=new.json")
    done = run(here, "diff", "old.json", "new.json")
    assert done.returncode == 0
    assert b"Better\n  app  fails \xe2\x86\x92 runs\n" in done.stdout
    done = run(here, "diff", "new.json", "old.json")
    assert done.returncode == 1
    assert b"Worse\n  app  runs \xe2\x86\x92 fails\n  + interpreter-missing" in done.stdout
    assert done.stdout.endswith(b"2 new findings, 0 gone.\n")
    assert run(here, "diff", "new.json", "old.json", "--fail-on", "never").returncode == 0
    document = json.loads(run(here, "diff", "new.json", "old.json", "-o", "json").stdout)
    assert document["objects"] == [{"path": "app", "old": "runs", "new": "fails", "worse": True}]
    assert run(here, "diff", "old.json", "old.json").stdout == b"0 new findings, 0 gone.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "app", "--config", "no.toml"), "no.toml: cannot be read"),
        (("check", "app", "--config", "bad.toml"), "no such key: fail_on; did you mean fail-on?"),
        (("check", "app", "--config", "bad.toml", "--isolated"), "leave out --config"),
        (("check", "app", "--baseline", "bad.toml"), "no JSON"),
        (("check", "app", "--write-baseline", "no/such/dir"), "cannot be written"),
        (("diff", "bad.toml", "bad.toml"), "no JSON"),
        (("diff", "no.json", "no.json"), "cannot be read"),
        (("config", "show", "-o", "xml"), "write table or json"),
        (("check", "app", "-o", "sarf"), "no such format: sarf"),
    ],
)
def test_wrong_use(here: Path, arguments: tuple[str, ...], said: str) -> None:
    """One line, exit 2."""
    (here / "bad.toml").write_text("fail_on = 1\n")
    done = run(here, *arguments, *(ON if arguments[0] == "check" else ()))
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert said in done.stderr.decode()


def test_the_documented_file_is_taken(here: Path) -> None:
    """The example of the documentation is a valid configuration, every key of it known."""
    text = (REPOSITORY / "docs" / "gate.md").read_text(encoding="utf-8")
    (here / "muslint.toml").write_text(text.partition("```toml\n")[2].partition("```")[0])
    shown = json.loads(run(here, "config", "show", "-o", "json").stdout)
    assert {name for name, setting in shown["settings"].items() if setting["from"] == "muslint.toml"} == {
        "on", "fail-on", "exclude", "output", "baseline",
    }  # fmt: skip
    assert shown["suppress"][0]["expires"] == "2027-06-30"
