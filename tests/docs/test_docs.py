"""The docs hold: pages, links, outputs, docstrings, and nothing that belongs to one machine."""

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from muslint.rules import load_rules
from tests.docs import screenshots
from tests.docs.blocks import Block, blocks, output, pages
from tests.support.cache import REPOSITORY

DOCS = REPOSITORY / "docs"
SOURCES = sorted((REPOSITORY / "src" / "muslint").rglob("*.py"))
HEADINGS = ("What you see", "What it means", "What helps", "What does not help", "How muslint decides")
HELD = list(blocks())
DOCUMENTED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def shown(path: Path) -> str:
    """A path below the repository, for test names and messages."""
    return path.relative_to(REPOSITORY).as_posix()


# --- pages of rules and decisions ---------------------------------------------------------------------------


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    """docs/rules holds exactly the load rules there are; `test_behaviours` looks after the others."""
    assert {page.stem for page in (DOCS / "rules").glob("*.md")} - {"README"} == {rule.id for rule in load_rules()}


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.id)
def test_page_of_a_rule(rule: object) -> None:
    """A page is titled by its rule, has all its parts in order, and is in the index."""
    name = str(getattr(rule, "id", ""))
    text = (DOCS / "rules" / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    found = [heading for heading in re.findall(r"^## (.+)$", text, re.M) if heading in HEADINGS]
    assert found == list(HEADINGS)
    assert f"[{name}]({name}.md)" in (DOCS / "rules" / "README.md").read_text(encoding="utf-8")


def test_index_of_decisions_is_complete() -> None:
    """The index of decisions names each once, by number and title."""
    index = (DOCS / "adr" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$", index, re.M)
    expected = []
    for page in sorted((DOCS / "adr").glob("[0-9]*.md")):
        number, _, title = page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").partition(". ")
        assert number == str(int(page.name[:4])), f"{page.name} is numbered {number} inside"
        expected.append((page.name[:4], page.name, title))
    assert rows == expected


# --- links --------------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as Git hosts make them."""
    headings = re.findall(r"^#{1,6} (.+)$", _without_code(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)


def links() -> Iterator[tuple[Path, str]]:
    """Every link of every page that leads into the repository."""
    for page in pages():
        for target in re.findall(r"\]\(([^)\s]+)\)", _without_code(page.read_text(encoding="utf-8"))):
            if not re.match(r"[a-z]+:", target):
                yield page, target


def test_links_resolve() -> None:
    """Every link inside the project leads to a file, and where it names a heading, to a heading."""
    dead, seen = [], 0
    for page, target in links():
        seen += 1
        path, _, anchor = target.partition("#")
        goal = page.parent / path if path else page
        if not goal.exists() or (anchor and anchor not in anchors(goal.read_text(encoding="utf-8"))):
            dead.append(f"{shown(page)}: {target}")
    assert seen, "no links were found at all"
    assert not dead


def test_every_page_is_reached() -> None:
    """From the README and the index every page of docs can be reached."""
    reached, new = set[Path](), {REPOSITORY / "README.md", DOCS / "index.md"}
    graph: dict[Path, set[Path]] = {}
    for page, target in links():
        graph.setdefault(page, set()).add(Path(os.path.normpath(page.parent / target.partition("#")[0])))
    while new:
        reached |= new
        new = set().union(*(graph.get(page, set()) for page in new)) - reached
    assert not [shown(page) for page in pages() if page not in reached]


# --- outputs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", HELD, ids=[f"{shown(b.page)}-{b.command[:50]}" for b in HELD])
def test_outputs_are_what_the_commands_print(block: Block) -> None:
    """Each output shown is what the command prints today; ``make docs`` writes them anew."""
    assert block.shown == output(block.command)


def test_pictures_of_the_readme() -> None:
    """The terminal is drawn from what the command prints today; neither picture is heavy; both are shown."""
    assert screenshots.TERMINAL.read_text(encoding="utf-8") == screenshots.terminal()
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for picture in (screenshots.TERMINAL, screenshots.REPORT):
        assert f"]({shown(picture)})" in readme
        assert 0 < picture.stat().st_size <= screenshots.LARGEST


def test_sums_of_the_readme() -> None:
    """The two rows of the README add up what the page of proofs lists."""
    proof = (DOCS / "proof.md").read_text(encoding="utf-8")
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for part in re.split(r"<!-- agreement: \w+ -->", proof)[1:]:
        rows = re.findall(r"\| ([\d,]+) \| ([\d,]+) \|$", part, re.M)
        files, agree = (sum(int(row[column].replace(",", "")) for row in rows) for column in (0, 1))
        assert f"| {files:,} | {agree:,} |" in readme


def test_make_help_lists_every_target() -> None:
    """Each target that is no file is described in ``make help``."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.M)
    assert phony is not None
    assert set(phony[1].split()) - {"distclean"} <= set(re.findall(r"^([a-z-]+):.* ## \S", text, re.M))


# --- the code -----------------------------------------------------------------------------------------------


def is_declaration(node: ast.stmt) -> bool:
    """Whether a function has no body: a Protocol's, told by the docstring of its class and of what implements it."""
    body = getattr(node, "body", [])
    return len(body) == 1 and isinstance(body[0], ast.Expr) and getattr(body[0].value, "value", None) is ...


def undocumented(path: Path) -> Iterator[str]:
    """Public classes, functions and methods of a module that have no docstring, the module itself included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not ast.get_docstring(tree):
        yield shown(path)
    scopes: list[tuple[ast.Module | ast.ClassDef, str]] = [(tree, "")]
    for scope, prefix in scopes:
        for node in scope.body:
            if not isinstance(node, DOCUMENTED) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node) and not is_declaration(node):
                yield f"{shown(path)}:{node.lineno} {prefix}{node.name}"
            if isinstance(node, ast.ClassDef):
                scopes.append((node, f"{prefix}{node.name}."))


def test_every_public_name_has_a_docstring() -> None:
    """Modules, and in them every public class, function and method."""
    assert len(SOURCES) > 30
    assert not [name for path in SOURCES for name in undocumented(path)]


# --- nothing of one machine ---------------------------------------------------------------------------------

MACHINE_PATHS = re.compile(r"(?<![\w.$}])/" + r"(?:work|root|tmp|home)" + r"/\w")
REGISTRY_HOSTS = re.compile(
    r"\b(?:pypi\.|files\.pythonhosted\.|registry\.npmjs\.|deb\.debian\.|ftp\.\w+\.debian\.|dl-cdn\.alpinelinux\.)"
    r"(?:org|net|com)\b|\bregistry-1\.docker\.|\bindex\.docker\.|\bghcr\." + "io"
)  # fmt: skip


def tracked() -> list[Path]:
    """The text files Git knows, and those it would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip("not checked here: git is not installed")
    if done.returncode != 0:
        pytest.skip("not checked here: not a Git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]


def test_files_name_no_machine_path_and_no_registry_host() -> None:
    """What is committed works anywhere: no path of one machine, no host that packages come from."""
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        if path.is_relative_to(REPOSITORY / "fixtures" / "witness"):
            text = text.replace('"/tmp/', '"')  # of the root that a witness has to itself
        for pattern in (MACHINE_PATHS, REGISTRY_HOSTS):
            found += [f"{shown(path)}: {match[0]}" for match in pattern.finditer(text)]
    assert not found


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("see /" + "work/main/x", MACHINE_PATHS), ("from dl-cdn.alpinelinux." + "org", REGISTRY_HOSTS)],
)
def test_the_patterns_can_fail(text: str, pattern: re.Pattern[str]) -> None:
    """The two patterns find what they are for, and pass by what is harmless."""
    assert pattern.search(text)
    assert not pattern.search("$ORIGIN/../lib /lib/ld-musl-x86_64.so.1 example.org")
