"""``muslint check`` and ``muslint ldd`` as a shell runs them: exit codes, options, one clear line for each mistake."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from muslint.cli import app
from tests.support import compile as compiler
from tests.support import musl
from tests.support.cache import REPOSITORY
from tests.unit.rules.cases import COMMON, FIXTURES

GLIBC, MUSL = "x86_64-linux-gnu.2.28", "x86_64-linux-musl"
RUN_LIMIT = 60.0  # seconds
ON = ("--on", "alpine:3.23")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files to check: ``fails``, ``runs``, ``lazy.so`` (fails on use), ``torn`` (unreadable), ``dir`` with three."""
    folder = tmp_path_factory.mktemp("files")
    compiler.zig_cc(GLIBC, [FIXTURES / "symbol-missing" / "backtrace.c"], folder / "fails")
    compiler.zig_cc(MUSL, [COMMON / "program.c"], folder / "runs", "-dynamic")
    php = REPOSITORY / "fixtures" / "golden" / "php_module.c"
    compiler.zig_cc(GLIBC, [php], folder / "lazy.so", "-shared", "-fPIC", "-Wl,-z,lazy")
    compiler.zig_cc(
        "aarch64-linux-gnu.2.28", [COMMON / "part.c"], folder / "dir" / "lib" / "arm.so", "-shared", "-fPIC"
    )
    (folder / "torn").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(40))
    shutil.copy(folder / "fails", folder / "dir" / "fails")
    shutil.copy(folder / "runs", folder / "dir" / "runs")
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Path:
    """A file system with musl's real loader and the two programs."""
    folder = tmp_path_factory.mktemp("root")
    musl.install(musl.loader("1.2.5"), folder)
    (folder / "bin").mkdir()
    for name in ("fails", "runs"):
        shutil.copy(files / name, folder / "bin" / name)
    (folder / "bin" / "text").write_text("#!/bin/sh\n")
    return folder


def run(
    folder: Path, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run ``muslint`` below ``folder``."""
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM", "MUSLINT_TRACEBACK")}
    return subprocess.run(
        [sys.executable, "-m", "muslint", *arguments],
        cwd=folder, input=stdin, capture_output=True, timeout=RUN_LIMIT, check=False,
        env={**plain, "PYTHONPATH": str(REPOSITORY / "src"), "COLUMNS": "120", **(env or {})},
    )  # fmt: skip


def paths(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """Paths of the objects of a JSON report."""
    return [judged["path"] for judged in json.loads(done.stdout)["objects"]]


# --- exit codes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("runs",), 0),
        (("fails",), 1),
        (("lazy.so",), 0),
        (("lazy.so", "--fail-on", "fails-on-use"), 1),
        (("lazy.so", "--fail-on", "differs"), 1),
        (("fails", "--fail-on", "never"), 0),
        (("runs", "--fail-on", "differs"), 0),
        (("torn",), 3),
        (("missing",), 3),
        (("runs", "missing"), 3),
        (("runs", "torn"), 0),
        (("runs", "torn", "--strict"), 3),
        (("fails", "torn", "--strict"), 1),
        (("fails", "missing"), 1),
        (("fails", "missing", "--fail-on", "never"), 3),
        (("runs", "fails"), 1),
    ],
)
def test_exit_code(files: Path, arguments: tuple[str, ...], code: int) -> None:
    """The codes of the contract."""
    done = run(files, "check", *arguments, *ON)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert (b"no such file" in done.stderr) == ("missing" in arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check",), "name something to check"),
        (("check", "runs", "--on", "alpine:2.1"), "known are"),
        (("check", "runs", "--on", "plan9"), "write alpine:3.23"),
        (("check", "runs", "--on", "musl:0.9"), "0.9"),
        (("check", "runs", "--on", "alpine:3.23+nosuchpackage"), "nosuchpackage"),
        (("check", "runs", "--on", "rootfs:nowhere"), "no such directory"),
        (("check", "runs", "--on", "rootfs:dir"), "dir holds no loader"),
        (("check", "rootfs:dir", "--on", "self"), "dir holds no loader"),
        (("check", "runs", "--on", "musl:9"), "1.2.5, 1.2.6"),
        (("check", "runs", "--on", "musl:1.2.99"), "1.2.5, 1.2.6"),
        (("check", "runs", "--on", "musl:1.2"), "1.2.5, 1.2.6"),
        (("check", "runs", "--on", "glibc:2.99"), "glibc:2.2 to glibc:2."),
        (("check", "runs", "--on", "glibc:2.03"), "glibc:2.2 to glibc:2."),
        (("check", "runs", "--on", "alpine:3.23.x"), "known are"),
        (("check", "runs", "--on", "debian:99"), "not in the catalogue"),
        (("check", "runs", "--on", "self"), "holds no musl loader"),
        (("check", "runs", "-o", "xml"), "no such format: xml"),
        (("check", "runs", "-o", "json="), "the file has no name"),
        (("check", "runs", "-o", "json", "-o", "table"), "give one of them a file"),
        (("check", "runs", "-o", "json=x", "-o", "table=x"), "written to x"),
        (("check", "runs", "-o", "json=no/such/dir/x.json"), "cannot be written"),
        (("check", "runs", "--color", "pink"), "auto, always or never"),
        (("check", "runs", "--arch", "pdp11"), "pdp11"),
        (("check", "runs", "--reader", "readelf"), "known are"),
        (("check", "runs", "--include", "*.nothing"), "no object of the source"),
        (("check", "--files-from", "nowhere"), "--files-from nowhere"),
        (("ldd",), "name the files"),
        (("ldd", "--all"), "--all needs --root"),
        (("ldd", "--root", "nowhere", "x"), "no such directory"),
        (("ldd", "--root", "dir", "x"), "no musl loader"),
        (("ldd", "--on", "plan9", "runs"), "write alpine:3.23"),
        (("ldd", "--libc", "glibc", "runs"), "--on debian:12"),
        (("ldd", "--libc", "glibc", "--on", "musl:1.2.5", "runs"), "--on debian:12"),
        (("ldd", "--libc", "musl", "--on", "debian:12", "runs"), "--on alpine:3.23"),
        (("ldd", "--cpu", "haswell", "--on", "debian:12", "runs"), "add --root DIR"),
    ],
)
def test_wrong_use(files: Path, arguments: tuple[str, ...], said: str) -> None:
    """One line on stderr that says what to write instead, nothing on stdout, exit 2."""
    done = run(files, *arguments)
    assert done.returncode == 2, done
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("muslint: ")
    assert said in lines[0]


@pytest.mark.parametrize("arguments", [("check", "--fail-on", "perhaps", "x"), ("check", "--no-such"), ("nonsense",)])
def test_options_typer_refuses(files: Path, arguments: tuple[str, ...]) -> None:
    """The command line library's own complaints are exit 2 too."""
    done = run(files, *arguments)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_a_bug_is_4(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: Path) -> None:
    """An error nobody raised on purpose is never 0 or 1, and is said in one line without a trace."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("muslint.pipeline.check", broken)
    monkeypatch.setattr(sys, "argv", ["muslint", "check", str(files / "runs")])
    monkeypatch.delenv("MUSLINT_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "a bug in muslint" in said.err
    assert "ZeroDivisionError: on purpose" in said.err
    monkeypatch.setenv("MUSLINT_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        app.main()


@pytest.mark.parametrize("arguments", [("check", "fails", *ON, "-v"), ("schema",), ("ldd", "fails", *ON), ("rules",)])
def test_broken_pipe(files: Path, arguments: tuple[str, ...]) -> None:
    """A reader that went away ends it without a word, with the code a shell gives for SIGPIPE."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "muslint", *arguments],
            cwd=files, stdout=writing, stderr=subprocess.PIPE, timeout=RUN_LIMIT, check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (done.returncode, b"Traceback" in done.stderr, b"BrokenPipe" in done.stderr) == (141, False, False)


@pytest.mark.parametrize("arguments", [("check", "fails", *ON), ("schema",), ("rules",), ("--version",), ("--help",)])
def test_full_disk(files: Path, arguments: tuple[str, ...]) -> None:
    """A report that cannot be written is wrong use, as for -o FORMAT=FILE: not a verdict, and no bug of ours."""
    if not os.path.exists("/dev/full"):
        pytest.skip("not checked: no /dev/full")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "muslint", *arguments], cwd=files, stdout=full, stderr=subprocess.PIPE,
            timeout=RUN_LIMIT, check=False, env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == b"muslint: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize(("closed", "code"), [("<&-", 1), (">&-", 1), ("2>&-", 1)])
def test_closed_streams(files: Path, closed: str, code: int) -> None:
    """Who closes a stream wants nothing of it; the exit code stays what it is."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m muslint check fails {closed}', sys.executable], cwd=files, capture_output=True,
        timeout=RUN_LIMIT, check=False, env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )  # fmt: skip
    assert done.returncode == code
    assert done.stderr == b""


def test_what_may_not_be_read(files: Path, tmp_path: Path) -> None:
    """It is input that could not be read, not wrong use, and the others are judged all the same."""
    shutil.copy(files / "fails", tmp_path / "locked")
    (tmp_path / "locked").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    drop: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("not checked: root reads everything, and there is no setpriv(1)")
        drop = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")
    for name in ("locked", "closed"):
        done = subprocess.run(
            [*drop, sys.executable, "-m", "muslint", "check", str(tmp_path / name), str(files / "runs"), *ON],
            capture_output=True, text=True, timeout=RUN_LIMIT, check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        )  # fmt: skip
        assert done.returncode == 3
        assert done.stderr == f"muslint: {tmp_path / name}: permission denied\n"
        assert "1 runs" in done.stdout


# --- outputs ------------------------------------------------------------------------------------------------


def test_two_outputs(files: Path, tmp_path: Path) -> None:
    """A table on stdout and JSON in a file, from one run; a file there is replaced."""
    target = tmp_path / "out.json"
    target.write_text("old")
    done = run(files, "check", "fails", *ON, "-o", "table", "-o", f"json={target}")
    assert b"FAILS" in done.stdout
    assert json.loads(target.read_text())["summary"]["fails"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_nothing_half_written(files: Path, tmp_path: Path) -> None:
    """Where no report can be written the old one stays, and no part of a new one."""
    target = tmp_path / "out.json"
    target.write_text("old")
    assert run(files, "check", "missing", "-o", f"json={target}").returncode == 3
    assert target.read_text() == "old"
    folder = tmp_path / "folder.json"
    folder.mkdir()
    done = run(files, "check", "runs", *ON, "-o", f"json={folder}")
    assert (done.returncode, done.stdout) == (2, b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.json", "out.json"]


def test_output_through_a_link_and_to_a_device(files: Path, tmp_path: Path) -> None:
    """A link stays a link; a device is written to, not replaced."""
    (tmp_path / "link.json").symlink_to("real.json")
    assert run(files, "check", "runs", *ON, "-o", f"json={tmp_path}/link.json").returncode == 0
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text())["summary"]["runs"] == 1
    done = run(files, "check", "runs", *ON, "-o", "json=/dev/stdout")
    assert json.loads(done.stdout)["summary"]["runs"] == 1
    assert run(files, "check", "runs", *ON, "-o", "json=/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(("columns", "cut"), [("70", True), ("400", False), ("", False), ("wide", False)])
def test_columns(files: Path, tmp_path: Path, columns: str, cut: bool) -> None:
    """COLUMNS is the width of the screen; what goes to a file has none."""
    source = files / "a-rather-long-name-of-a-folder-so-that-rows-are-long"
    source.mkdir(exist_ok=True)
    for number in range(2):
        shutil.copy(files / "fails", source / f"a-rather-long-name-of-a-program-{number}")
    arguments = ("check", str(source), "--on", "alpine:3.23", "-o", "table", "-o", f"table={tmp_path / 'file'}")
    done = run(files, *arguments, env={"COLUMNS": columns})
    rows = [line for line in done.stdout.decode().splitlines() if " FAILS " in line]
    whole = [line for line in (tmp_path / "file").read_text().splitlines() if " FAILS " in line]
    assert len(rows) == len(whole) == 2
    assert (rows != whole) is cut
    assert not cut or max(map(len, rows)) <= 70 < max(map(len, whole))


def test_quiet_and_verbose(files: Path) -> None:
    """-q prints nothing, also not for what fails; JSON that is asked for comes all the same; -v lists every object."""
    done = run(files, "check", "fails", *ON, "-q")
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    assert paths(run(files, "check", "fails", *ON, "-q", "-o", "json")) == ["fails"]
    assert len(run(files, "check", "dir", *ON, "-v").stdout) >= len(run(files, "check", "dir", *ON).stdout)


@pytest.mark.parametrize(
    ("options", "env", "coloured"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1", "TERM": "dumb"}, False),
        ((), {"FORCE_COLOR": ""}, False),
    ],
)
def test_colour(files: Path, options: tuple[str, ...], env: dict[str, str], coloured: bool) -> None:
    """Colour only where it is asked for, and it changes no word."""
    done = run(files, "check", "dir", *ON, *options, env=env)
    assert (b"\x1b[" in done.stdout) is coloured
    plain = run(files, "check", "dir", *ON).stdout
    assert done.stdout.replace(b"\x1b[31;1m", b"").replace(b"\x1b[32m", b"").replace(b"\x1b[0m", b"") == plain


# --- sources and targets ------------------------------------------------------------------------------------


def test_two_sources(files: Path) -> None:
    """Several sources make one report."""
    done = run(files, "check", "runs", "dir", *ON, "-o", "json")
    assert paths(done) == ["runs", "fails", "lib/arm.so", "runs"]
    assert json.loads(done.stdout)["source"] == "runs, dir"


def test_arch(files: Path) -> None:
    """Only objects of one architecture, by any of its names."""
    for name in ("aarch64", "arm64"):
        assert paths(run(files, "check", "dir", *ON, "--arch", name, "-o", "json")) == ["lib/arm.so"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--include", "lib/*"), ["lib/arm.so"]),
        (("--include", "*.so", "--include", "runs"), ["lib/arm.so", "runs"]),
        (("--exclude", "*.so"), ["fails", "runs"]),
        (("--include", "*", "--exclude", "lib/*", "--exclude", "f*s"), ["runs"]),
        (("--exclude", "*"), []),
    ],
)
def test_include_and_exclude(files: Path, options: tuple[str, ...], expected: list[str]) -> None:
    """Patterns on the path that is shown."""
    done = run(files, "check", "dir", *ON, *options, "-o", "json")
    assert paths(done) == expected
    assert done.returncode == ("fails" in expected)


def test_what_is_excluded_still_serves(tmp_path: Path) -> None:
    """A library that is not asked about is still found by the program that needs it, and names no skip of its own."""
    soname = "-Wl,-soname,libpart.so.1"
    part = compiler.zig_cc(MUSL, [COMMON / "part.c"], tmp_path / "libpart.so", "-shared", "-fPIC", soname)
    compiler.zig_cc(MUSL, [COMMON / "uses_part.c", part], tmp_path / "app", "-dynamic", "-Wl,-rpath,$ORIGIN")
    part.rename(tmp_path / "libpart.so.1")
    (tmp_path / "torn.so.1").write_bytes(b"\x7fELF" + bytes(30))
    report = json.loads(run(tmp_path, "check", ".", *ON, "--exclude", "*.so.*", "-o", "json").stdout)
    assert [(judged["path"], judged["verdict"]) for judged in report["objects"]] == [("app", "runs")]
    assert report["skipped"] == []


@pytest.mark.parametrize("listed", [b"runs\ndir\n", b"runs\r\n\r\ndir", b"runs\0dir\0", b"runs\0dir"])
def test_files_from(files: Path, tmp_path: Path, listed: bytes) -> None:
    """Sources from a file or from stdin, one a line or ended by NUL, after those on the command line."""
    (tmp_path / "list").write_bytes(listed)
    expected = ["lib/arm.so", "runs", "fails", "lib/arm.so", "runs"]
    for option, stdin in ((str(tmp_path / "list"), b""), ("-", listed)):
        done = run(files, "check", "dir/lib", "--files-from", option, *ON, "-o", "json", stdin=stdin)
        assert paths(done) == ["arm.so", *expected[1:]]


def test_rootfs(files: Path, root: Path) -> None:
    """A root by its own loader, with and without the scheme; and as the target of something else."""
    for source in (str(root), f"rootfs:{root}"):
        report = json.loads(run(files, "check", source, "-o", "json").stdout)
        assert report["target"]["name"] == "self"
        assert [(j["path"], j["verdict"]) for j in report["objects"]] == [
            ("/bin/fails", "fails"),
            ("/bin/runs", "runs"),
        ]
    done = run(files, "check", "fails", "runs", "--on", f"rootfs:{root}", "-o", "json")
    assert [judged["verdict"] for judged in json.loads(done.stdout)["objects"]] == ["fails", "runs"]
    assert run(files, "check", str(root), "runs").returncode == 2  # two targets in one report


@pytest.mark.parametrize(
    ("on", "name"),
    [
        ("alpine", "alpine:3.24"),
        ("alpine:3.23.6", "alpine:3.23"),
        ("debian", "debian:13"),
        ("debian:bookworm", "debian:12"),
        ("ubuntu:latest", "ubuntu:26.04"),
        ("fedora", "fedora:44"),
    ],
)
def test_a_target_is_reported_by_its_release(files: Path, on: str, name: str) -> None:
    """A name without a release is its newest, and the report says which."""
    assert json.loads(run(files, "check", "runs", "--on", on, "-o", "json").stdout)["target"]["name"] == name


# --- what a green exit would hide ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check",), 0),
        (("check", "--strict"), 3),
        (("check", "-q"), 0),
        (("check", "-q", "--strict"), 3),
        (("bases",), 3),
        (("floor",), 3),
    ],
)
def test_no_elf_file(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """A directory without any is said in one line; a gate that is strict does not pass it."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "text").write_text("text")
    done = run(tmp_path, *arguments, "docs")
    said = b"" if arguments == ("check", "-q") else b"muslint: docs: no ELF file to judge\n"
    assert (done.returncode, done.stderr) == (code, said)


def test_platform_of_what_is_no_image(files: Path) -> None:
    """It chooses an image: where there is none it does nothing, which is said, but only where it was typed."""
    done = run(files, "check", "runs", "--platform", "linux/arm64", *ON)
    assert (done.returncode, len(done.stderr.splitlines())) == (0, 1)
    assert b"runs is no image" in done.stderr
    assert run(files, "check", "runs", *ON, env={"MUSLINT_PLATFORM": "linux/arm64"}).stderr == b""


def test_no_such_scheme(files: Path) -> None:
    """What begins like a scheme and is neither that nor a file: the schemes there are."""
    done = run(files, "check", "image:app.tar")
    assert done.returncode == 3
    assert b"no scheme is called image: there are archive:, " in done.stderr
    shutil.copy(files / "runs", files / "image:app")
    assert run(files, "check", "image:app", *ON).returncode == 0


def test_common_options(files: Path, tmp_path: Path) -> None:
    """bases and floor take sources and name what was not read as check does."""
    (tmp_path / "list").write_text("runs\n")
    for command in ("bases", "floor"):
        listed = run(files, command, "--files-from", str(tmp_path / "list"), "--no-cache", "--strict")
        assert (listed.returncode, listed.stderr) == (0, b"")
        assert run(files, command).returncode == 2
    assert run(files, "check", "runs", "--no-cache", *ON).returncode == 0
    shutil.copytree(files / "dir", tmp_path / "dir")
    shutil.copy(files / "torn", tmp_path / "dir" / "torn")
    for command in ("bases", "floor"):
        assert run(tmp_path, command, "dir").returncode == 0
        assert run(tmp_path, command, "dir", "--strict").returncode == 3


# --- ldd ----------------------------------------------------------------------------------------------------


def test_ldd_exit_codes(files: Path, root: Path) -> None:
    """0, 127 and 1 are the loader's own; of several files the highest counts."""
    inside = ("ldd", "--root", str(root))
    assert run(files, *inside, "/bin/runs").returncode == 0
    done = run(files, *inside, "/bin/fails")
    assert (done.returncode, done.stderr) == (127, b"Error relocating /bin/fails: backtrace: symbol not found\n")
    done = run(files, *inside, "/bin/text")
    assert done.returncode == 1
    assert b"Not a valid dynamic program" in done.stderr
    assert run(files, *inside, "/bin/missing").returncode == 1
    assert run(files, *inside, "/bin/runs", "/bin/fails").returncode == 127
    assert run(files, *inside, "--all").returncode == 127


def test_ldd_of_a_named_glibc(files: Path, root: Path) -> None:
    """--libc may be said where it is so; a processor is nothing musl asks for."""
    assert run(files, "ldd", "--libc", "glibc", "--on", "debian:12", "fails").returncode == 0
    done = run(files, "ldd", "--root", str(root), "--cpu", "haswell", "/bin/runs")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"does not ask for the processor" in done.stderr


def test_ldd_jsonl(files: Path, root: Path) -> None:
    """One object a line, for every file of a root and for a named target."""
    done = run(files, "ldd", "--root", str(root), "--all", "--format", "jsonl")
    rows = {row["path"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert set(rows) == {"/bin/fails", "/bin/runs"}
    assert rows["/bin/runs"]["loaded"][0] == ["/lib/ld-musl-x86_64.so.1", None]
    named = json.loads(run(files, "ldd", "runs", *ON, "--format", "jsonl").stdout)
    assert named == {**rows["/bin/runs"], "path": "runs"}


def test_ldd_takes_the_path_outside_too(files: Path, root: Path) -> None:
    """A path below the root as this machine spells it means the same file."""
    inside = run(files, "ldd", "--root", str(root), "/bin/runs").stdout
    assert run(files, "ldd", "--root", str(root), f"{root}/bin/runs").stdout == inside


# --- the rest -----------------------------------------------------------------------------------------------


def test_rules_and_version(files: Path) -> None:
    """What needs no file."""
    rows = json.loads(run(files, "rules", "-o", "json").stdout)
    assert {"symbol-missing", "tls-initial-exec"} <= {row["id"] for row in rows}
    assert run(files, "rules", "-o", "xml").returncode == 2
    assert run(files, "--version").stdout.startswith(b"muslint ")
    assert b"check" in run(files, "--help").stdout


# --- what is kept -------------------------------------------------------------------------------------------


def test_what_is_proved_is_kept_unless_told_otherwise(tmp_path: Path, files: Path) -> None:
    """In the folder that the environment names; nothing of it is needed."""
    compiler.zig_cc(GLIBC, [REPOSITORY / "fixtures" / "witness" / "strftime-gnu" / "witness.c"], files / "differs")
    told = {"MUSLINT_CACHE_DIR": str(tmp_path / "kept")}
    arguments = ("check", "differs", *ON, "-o", "json")
    plain = run(files, *arguments)
    assert b"strftime-gnu" in plain.stdout
    assert run(files, *arguments, "--no-cache", env=told).stdout == plain.stdout
    assert not (tmp_path / "kept").exists()
    for _ in range(2):
        assert run(files, *arguments, env=told).stdout == plain.stdout
        assert len([path for path in (tmp_path / "kept").rglob("*") if path.is_file()]) == 1
