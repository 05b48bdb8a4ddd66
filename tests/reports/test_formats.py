"""Each format of each report, read by an independent reader or checked against the format's own schema."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from dataclasses import replace
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from muslint import pipeline
from muslint.cli.app import main
from muslint.errors import WrongUse
from muslint.policy.baseline import KNOWN
from muslint.policy.verdict import Verdict
from muslint.report.csv_format import COLUMNS
from muslint.report.format import formats, named_format
from muslint.report.markdown import LIMIT
from muslint.report.report import Judged, Report
from muslint.rules.finding import Finding
from muslint.run import pool
from tests.docs.blocks import demo_wheel
from tests.reports.reports import HOSTILE, MADE, report
from tests.support.cache import REPOSITORY
from tests.support.fetch import npm_package

NAMES = list(MADE)
RUN_LIMIT = 120.0  # seconds
SARIF_SCHEMA = (
    "@microsoft/jest-sarif",
    "1.0.0-beta.0",
    "sha512-A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A==",
)
"""The npm package that carries the schema of the standard."""


def text(name: str, form: str, verbose: int = 0, jobs: int = 1) -> str:
    """A report in a format, as the bytes of the output read back."""
    return named_format(form).text(report(name, jobs), verbose, False).encode("utf-8", "backslashreplace").decode()


def findings(found: Report) -> list[Finding]:
    """All findings of a report."""
    return [finding for judged in found.objects for finding in judged.findings]


def counting(judged: Judged) -> list[Finding]:
    """The findings of an object that are held against it."""
    return [finding for finding in judged.findings if finding.suppressed is None and finding.severity != "info"]


def test_the_reports_are_varied() -> None:
    """Every verdict that small files can have, skips, suppressions by both ways."""
    assert len(MADE) >= 20
    made = [report(name) for name in NAMES]
    verdicts = {judged.verdict for found in made for judged in found.objects}
    assert verdicts == set(Verdict)
    assert any(found.skipped for found in made)
    assert {len(found.images) for found in made} == {0, 1, 2}
    assert {len(judged.parents) for found in made for judged in found.objects} >= {0, 1, 2, 3}
    assert {f.suppressed == KNOWN for found in made for f in findings(found) if f.suppressed} == {True, False}


@pytest.mark.parametrize("form", [form.name for form in formats()])
def test_rendering_is_pure(form: str) -> None:
    """The same report gives the same text, ended by a newline; nothing of this machine is in it."""
    for name in NAMES:
        first = text(name, form)
        assert first == text(name, form)
        assert first.endswith("\n") or not first
        assert str(Path.home()) not in first
        assert "muslint.report" not in first


# --- SARIF --------------------------------------------------------------------------------------------------


@cache
def sarif_validator() -> Any:
    """The schema of SARIF 2.1.0; raises `Unavailable`."""
    with tarfile.open(npm_package(*SARIF_SCHEMA)) as archive:
        stream = archive.extractfile("package/lib/schemas/sarif-2.1.0-rtm.5.json")
        assert stream is not None
        schema = json.load(stream)
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("name", NAMES)
def test_sarif_schema(name: str) -> None:
    """The official schema takes it."""
    sarif_validator().validate(json.loads(text(name, "sarif")))


def test_sarif_schema_refuses() -> None:
    """The schema is no rubber stamp."""
    for change in ({"level": "bad"}, {"message": None}, {"surprise": 1}, {"ruleIndex": "0"}):
        document = json.loads(text("program-fails", "sarif"))
        document["runs"][0]["results"][0].update(change)
        assert not sarif_validator().is_valid(document)


def test_pages_of_rules_are_linked_where_their_site_is_named() -> None:
    """Without ``documentation`` no format names an address for a rule; with it each leads to the rule's own page."""
    one = next(report(name) for name in NAMES if findings(report(name)))
    named = replace(one, documentation="https://docs.example/muslint/")
    rule = findings(one)[0].rule
    address = re.compile(rf"https://docs\.example/muslint/rules/(behaviour/)?{rule}\.html")
    for form in ("sarif", "markdown", "html"):
        assert "docs.example" not in named_format(form).text(one, 0, False)
        assert address.search(named_format(form).text(named, 0, False)), form
    driver = json.loads(named_format("sarif").text(named, 0, False))["runs"][0]["tool"]["driver"]
    assert driver["informationUri"] == named.documentation
    every = [json.loads(named_format("sarif").text(replace(report(name), documentation=named.documentation), 0, False))
             for name in NAMES]  # fmt: skip
    pages = [rule["help"]["markdown"] for made in every for rule in made["runs"][0]["tool"]["driver"]["rules"]]
    goals = [goal for page in pages for goal in re.findall(r"\]\(([^)]+)\)", page)]
    assert any(goal.startswith("https://docs.example/muslint/") for goal in goals)
    assert all(goal.startswith("https://") for goal in goals)
    plain = json.loads(text(NAMES[0], "sarif"))["runs"][0]["tool"]["driver"]["rules"]
    assert not [goal for rule in plain for goal in re.findall(r"\]\((?!https:)[^)]+\)", rule["help"]["markdown"])]
    assert json.loads(text(NAMES[0], "sarif"))["runs"][0]["tool"]["driver"].get("informationUri") is None


@pytest.mark.parametrize("name", NAMES)
def test_sarif_content(name: str) -> None:
    """One result a finding; each points at its rule, its object and symbol; suppressed ones are there, marked."""
    run = json.loads(text(name, "sarif"))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    found = findings(report(name))
    assert len(run["results"]) == len(found)
    lines = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(lines)) == len(lines)
    judged_by = [judged for judged in report(name).objects for _ in judged.findings]
    for result, finding, judged in zip(run["results"], found, judged_by, strict=True):
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"] == finding.rule
        assert rule["help"]["markdown"].startswith(f"# {finding.rule}\n")
        assert "helpUri" not in rule  # no site is named
        assert result["partialFingerprints"]["muslint/v1"] == finding.fingerprint
        states = {True: "unchanged", False: "new"}
        compared = any(f.suppressed == KNOWN for f in found)
        assert result.get("baselineState") == (states[finding.suppressed == KNOWN] if compared else None)
        assert [s["justification"] for s in result.get("suppressions", [])] == [finding.suppressed][
            : bool(finding.suppressed)
        ]
        kinds = [place["kind"] for place in result["locations"][0]["logicalLocations"]]
        layer = judged.layer
        assert kinds == ["module", *["function"] * (finding.symbol is not None), *["layer"] * (layer is not None)]
        assert result["properties"].get("layer", {}).get("index") == (layer.index if layer else None)
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[!#-;=?-~]*", uri)
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert len(notes) == len(report(name).skipped) + report(name).count(Verdict.UNKNOWN)


# --- JUnit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_junit(name: str) -> None:
    """Read by junitparser: a case an object and a skip; what shuts the gate fails; the counts are true."""
    junitparser = pytest.importorskip("junitparser", reason="not checked here: junitparser is not installed")
    found = report(name)
    suites = junitparser.JUnitXml.fromstring(text(name, "junit").encode())
    (suite,) = suites
    cases = list(suite)
    assert len(cases) == suite.tests == suites.tests == len(found.objects) + len(found.skipped)
    kinds = [type(case.result[0]).__name__ if case.result else None for case in cases]
    expected = [
        "Failure" if found.shuts(j) else "Skipped" if j.verdict is Verdict.UNKNOWN else None for j in found.objects
    ]
    assert kinds == expected + ["Skipped"] * len(found.skipped)
    assert suite.failures == kinds.count("Failure")
    assert suite.skipped == kinds.count("Skipped")
    for case, judged in zip(cases, found.objects):
        if case.result and kinds[cases.index(case)] == "Failure":
            assert all(f.symbol in case.result[0].text for f in counting(judged) if f.symbol)


# --- GitLab, GitHub -----------------------------------------------------------------------------------------

GITLAB = jsonschema.Draft202012Validator(
    json.loads(Path(__file__).with_name("gitlab-code-quality.schema.json").read_text(encoding="utf-8"))
)


@pytest.mark.parametrize("name", NAMES)
def test_gitlab(name: str) -> None:
    """As GitLab documents it; fingerprints are unique, or entries would be lost; suppressed ones are left out."""
    document = json.loads(text(name, "gitlab"))
    GITLAB.validate(document)
    assert len(document) == sum(finding.suppressed is None for finding in findings(report(name)))
    prints = [entry["fingerprint"] for entry in document]
    assert len(set(prints)) == len(prints)


CODE_CLIMATE = (
    "codeclimate-types",
    "0.3.1",
    "sha512-JCAaPG3tAYlVQQE9NP5kgsXBxPfSmflUI7manmbllUd9TN+1p/SXZkOsMAlPXCp3gcqNVL0itxMjcgKF0nBmJg==",
)
"""The npm package with the types of Code Climate's specification, of which GitLab takes a part."""


def test_gitlab_schema_is_code_climates() -> None:
    """Our schema of the report asks for what the types ask for: the same fields, severities and categories."""
    with tarfile.open(npm_package(*CODE_CLIMATE)) as archive:
        stream = archive.extractfile("package/index.d.ts")
        assert stream is not None
        types = re.sub(r"/\*.*?\*/", "", stream.read().decode(), flags=re.S)
    issue = re.search(r"export interface Issue \{(.*?)\n\}", types, re.S)
    assert issue is not None
    fields = {name: bool(optional) for name, optional in re.findall(r"^  (\w+)(\??): ", issue[1], re.M)}
    schema = GITLAB.schema["items"]
    assert set(schema["properties"]) <= set(fields)
    # GitLab's documentation asks for the last two as well.
    assert set(schema["required"]) == {name for name, optional in fields.items() if not optional} | {
        "severity", "fingerprint",
    }  # fmt: skip
    for kind, allowed in (
        ("Severity", schema["properties"]["severity"]["enum"]),
        ("Category", schema["properties"]["categories"]["items"]["enum"]),
    ):
        union = re.search(rf"export type {kind} =(.*?)(?:\n\n|\Z)", types, re.S)
        assert union is not None
        assert set(re.findall(r"'([^']+)'", union[1])) == set(allowed)
    assert "{ path: string; lines: { begin: number; end: number } }" in types


def test_gitlab_schema_refuses() -> None:
    """A wrong severity, a path that begins with ./, a missing field."""
    (entry, *_) = json.loads(text("program-fails", "gitlab"))
    for change in ({"severity": "error"}, {"location": {"path": "./app"}}, {"description": ""}):
        assert not GITLAB.is_valid([{**entry, **change}])


COMMAND = re.compile(r"::(error|warning|notice) (?:file=[^,\n]*,)?title=[^,:\n]*::[^\n\r]*")


@pytest.mark.parametrize("name", NAMES)
def test_github(name: str) -> None:
    """Each line is one whole workflow command, or the last; one command an object that does not simply run."""
    found = report(name)
    *commands, last = text(name, "github").splitlines()
    assert not last.startswith("::")
    assert all(COMMAND.fullmatch(line) for line in commands), commands
    noted = [judged for judged in found.objects if judged.verdict is not Verdict.RUNS]
    assert len(commands) == len(noted) + bool(found.skipped)
    assert sum(line.startswith("::error ") for line in commands) == sum(found.shuts(judged) for judged in found.objects)


# --- Markdown -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("verbose", [0, 1])
def test_markdown(name: str, verbose: int) -> None:
    """It fits a comment, its tags are only those meant, its links only those of rules; folds are closed."""
    made = text(name, "markdown", verbose)
    assert len(made) < LIMIT + 200
    html = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(made)
    tags = set(re.findall(r"<([a-z][a-z0-9]*)", html))
    assert tags <= {
        "h3",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "p",
        "ul",
        "li",
        "ol",
        "a",
    }
    links = set(re.findall(r'href="([^"]*)"', html))
    assert all("/docs/rules/" in link for link in links)
    assert html.count("<details>") == html.count("</details>") == made.count("<details>")
    for judged in report(name).objects:
        if judged.verdict is Verdict.FAILS and judged.path.isascii() and judged.path.isprintable():
            assert judged.path in unescape(made)


def test_markdown_of_a_huge_report_fits() -> None:
    """What does not fit is counted."""
    found = report("program-wall")
    many = type(found)(found.source, found.source_kind, found.target, found.objects * 500, ())
    made = named_format("markdown").text(many, 0, False)
    assert LIMIT - 5000 < len(made) < LIMIT + 200
    assert re.search(r"… and \d+ more that do not fit here", made)


# --- HTML ---------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """What a reader of HTML finds: elements left open, attributes that load something, the text of the data."""

    VOID = frozenset({"meta", "link", "input", "br", "col", "img", "hr"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.loads: list[str] = []
        self.data: dict[str | None, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what is opened and what it would load."""
        self.loads += [f"{tag} {name}={value}" for name, value in attrs if name in ("src", "srcset", "action", "data")]
        self.loads += [f"{tag} {name}" for name, _value in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)
            if tag == "script":
                self.data[dict(attrs).get("type")] = ""

    def handle_endtag(self, tag: str) -> None:
        """Each end must be that of what was opened last."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        """The scripts' text."""
        if self.open[-1:] == ["script"]:
            self.data[next(reversed(self.data))] += data


@pytest.mark.parametrize("name", NAMES)
def test_html(name: str) -> None:
    """Read by a parser: whole, loads nothing, has no handler in it, and holds every finding of the report."""
    made = text(name, "html")
    tags = Tags()
    tags.feed(made)
    tags.close()
    assert (tags.open, tags.wrong, tags.loads) == ([], [], [])
    assert made.lower().count("<script") == len(tags.data) == 2
    held = json.dumps(json.loads(tags.data["application/json"]))
    assert all(finding.fingerprint in held for finding in findings(report(name)))


# --- JSON, CSV, JSON lines ----------------------------------------------------------------------------------------


JSON_SCHEMA = jsonschema.Draft202012Validator(
    json.loads((REPOSITORY / "src" / "muslint" / "report" / "schema.json").read_text(encoding="utf-8"))
)


@pytest.mark.parametrize("name", NAMES)
def test_json(name: str) -> None:
    """The schema that ``muslint schema`` prints takes it, read as strict JSON."""
    made = json.loads(text(name, "json"), parse_constant=lambda constant: pytest.fail(constant))
    JSON_SCHEMA.validate(made)
    assert not JSON_SCHEMA.is_valid({**made, "summary": None})


@pytest.mark.parametrize("name", NAMES)
def test_csv(name: str) -> None:
    """Read back: every finding, every object, every skip; no cell is a formula."""
    found = report(name)
    head, *rows = csv.reader(io.StringIO(text(name, "csv"), newline=""), strict=True)
    assert tuple(head) == COLUMNS
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    alone = sum(not judged.findings for judged in found.objects)
    assert len(rows) == len(findings(found)) + alone + len(found.skipped)
    prints = [row[COLUMNS.index("fingerprint")] for row in rows if row[COLUMNS.index("rule")]]
    assert prints == [finding.fingerprint for finding in findings(found)]


@pytest.mark.parametrize("name", NAMES)
def test_jsonl(name: str) -> None:
    """The lines hold what the JSON report holds."""
    lines = [json.loads(line) for line in text(name, "jsonl").splitlines()]
    whole = json.loads(text(name, "json"))
    kinds = [line.pop("type") for line in lines]
    assert kinds == ["source", *["object"] * len(whole["objects"]), *["skipped"] * len(whole["skipped"]), "summary"]
    keys = ("schema", "tool", "source", "target", "image", "images")
    assert lines[0] == {key: whole[key] for key in keys if key in whole}
    assert lines[-1] == whole["summary"]
    assert lines[1:-1] == whole["objects"] + whole["skipped"]


# --- CycloneDX ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_cyclonedx(name: str) -> None:
    """The library's own strict validator takes it; every object has its verdict."""
    pytest.importorskip("cyclonedx", reason="not checked here: cyclonedx-python-lib is not installed")
    from cyclonedx.exception import MissingOptionalDependencyException
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    made = text(name, "cyclonedx")
    try:
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made) is None
    except MissingOptionalDependencyException:
        pytest.skip("not checked here: cyclonedx-python-lib without json-validation")
    document = json.loads(made)
    verdicts = [
        prop["value"]
        for component in document["components"]
        for prop in component.get("properties", [])
        if prop["name"] == "muslint:verdict"
    ]
    assert sorted(verdicts) == sorted(str(judged.verdict) for judged in report(name).objects)
    refs = [component["bom-ref"] for component in document["components"]]
    assert len(set(refs)) == len(refs) == len(report(name).objects) + 1


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("image")])
def test_layers(name: str) -> None:
    """Of an image, the layer that added a binary and its instruction are in SARIF, CycloneDX and JSON alike."""
    pytest.importorskip("cyclonedx", reason="not checked here: cyclonedx-python-lib is not installed")
    whole = json.loads(text(name, "json"))
    told = [(o["layer"]["digest"], o["layer"]["created_by"]) for o in whole["objects"]]
    assert len(set(told)) == 2
    components = [c for c in json.loads(text(name, "cyclonedx"))["components"] if c["bom-ref"].startswith("object-")]
    facts = [{prop["name"]: prop["value"] for prop in component["properties"]} for component in components]
    assert sorted((f["muslint:layer:digest"], f["muslint:layer:created-by"]) for f in facts) == sorted(told)
    layers = [r["properties"]["layer"] for r in json.loads(text(name, "sarif"))["runs"][0]["results"]]
    assert {(layer["digest"], layer["createdBy"]) for layer in layers} <= set(told)
    assert layers


def test_cyclonedx_knows_who_needs_whom() -> None:
    """The dependency graph is that of the links."""
    pytest.importorskip("cyclonedx", reason="not checked here: cyclonedx-python-lib is not installed")
    document = json.loads(text("directory", "cyclonedx"))
    names = {component["bom-ref"]: component["name"] for component in document["components"]}
    needs = {
        names.get(d["ref"], d["ref"]): {names[r] for r in d.get("dependsOn", [])} for d in document["dependencies"]
    }
    assert needs["source"] == {judged.path for judged in report("directory").objects} | {"alpine"}
    assert needs["bin/native"] == set()


# --- all through the command line ---------------------------------------------------------------------------


def test_several_in_one_run_and_every_byte_again(tmp_path: Path) -> None:
    """All formats at once, twice, under other hash seeds and in another place: the same bytes."""
    names = [form.name for form in formats()]
    outputs = []
    for seed in ("1", "2"):
        folder = tmp_path / f"place-{seed}"
        folder.mkdir()
        MADE["directory"].lay(folder)
        wanted = [word for name in names for word in ("-o", f"{name}=out.{name}")]
        done = subprocess.run(
            [sys.executable, "-m", "muslint", "check", "dist", "--on", "alpine:3.23", *wanted],
            cwd=folder, capture_output=True, timeout=RUN_LIMIT, check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "PYTHONHASHSEED": seed, "TZ": f"UTC-{seed}"},
        )  # fmt: skip
        assert (done.returncode, done.stderr, done.stdout) == (1, b"", b"")
        outputs.append({name: (folder / f"out.{name}").read_bytes() for name in names})
    assert outputs[0] == outputs[1]
    assert all(outputs[0].values())


@pytest.mark.parametrize("name", NAMES)
def test_jobs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judged by four processes, each format has the bytes it has by one."""
    monkeypatch.setattr(pool, "FEWEST", 1)
    for form in formats():
        assert text(name, form.name, 1, jobs=4) == text(name, form.name, 1)


def test_jobs_of_a_wheel(tmp_path: Path) -> None:
    """A real wheel, with enough in it for several processes, through the command line: the same bytes."""
    wheel = demo_wheel()
    (tmp_path / wheel.name).symlink_to(wheel.resolve())
    names = [form.name for form in formats()]
    outputs = []
    for jobs in ("1", "4", "4"):
        wanted = [word for name in names for word in ("-o", f"{name}=out.{name}")]
        done = subprocess.run(
            [sys.executable, "-m", "muslint", "check", wheel.name, "--on", "alpine:3.23", "--jobs", jobs, *wanted],
            cwd=tmp_path, capture_output=True, timeout=RUN_LIMIT, check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        )  # fmt: skip
        assert (done.returncode, done.stderr, done.stdout) == (1, b"", b"")
        outputs.append([(tmp_path / f"out.{name}").read_bytes() for name in names])
    assert outputs[0] == outputs[1] == outputs[2]


def test_github_step_summary(tmp_path: Path) -> None:
    """Added to the file that the runner names; without one nothing is."""
    MADE["program-fails"].lay(tmp_path)
    (tmp_path / "summary").write_text("before\n")
    command = [sys.executable, "-m", "muslint", "check", "app", "--on", "alpine:3.23", "-o", "github"]
    for summary in ("summary", ""):
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "GITHUB_STEP_SUMMARY": summary}
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, timeout=RUN_LIMIT, check=False, env=environment
        )
        assert done.returncode == 1
        assert done.stdout.startswith(b"::error file=app,title=")
    assert (tmp_path / "summary").read_text() == "before\n" + text("program-fails", "markdown")


def test_jsonl_comes_as_sources_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """When the second source is looked at the lines of the first are out."""
    MADE["program-runs"].lay(tmp_path)
    judge, out = pipeline.check, []

    def watched(*arguments: Any, **options: Any) -> Report:
        out.append(capfd.readouterr().out)
        return judge(*arguments, **options)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipeline, "check", watched)
    monkeypatch.setattr(sys, "argv", ["muslint", "check", "app", "app", "--on", "alpine:3.23", "-o", "jsonl"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    out.append(capfd.readouterr().out)
    kinds = [[json.loads(line)["type"] for line in lines.splitlines()] for lines in out]
    assert kinds == [[], ["source", "object"], ["source", "object", "summary"]]


def test_hostile_name_is_text_everywhere() -> None:
    """The name comes through whole where the format can hold it, and runs nothing anywhere."""
    assert json.loads(text("hostile", "json"))["objects"][0]["path"] == HOSTILE
    rows = list(csv.DictReader(io.StringIO(text("hostile", "csv"), newline="")))
    assert rows[0]["object"] == HOSTILE
    assert "<script" not in text("hostile", "markdown")
    assert "<script" not in text("hostile", "junit")
    assert "\x1b" not in text("hostile", "junit")
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text("hostile", "table", 1))
    assert "\n::error" not in text("hostile", "table", 1)
    assert not [line for line in text("hostile", "github").splitlines() if line.startswith("::error::x")]


def test_an_extra_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The format is known, and says what to install."""
    monkeypatch.setattr("muslint.report.format.find_spec", lambda _: None)
    with pytest.raises(WrongUse, match=r"pip install 'muslint\[cyclonedx\]'"):
        named_format("cyclonedx")
    assert named_format("json").name == "json"
