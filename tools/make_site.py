"""Build the documentation site: ``python tools/make_site.py`` writes ``site/``; any warning ends it with 1.

The pages are those of ``docs`` as they are read in the repository, with CONTRIBUTING, CHANGELOG and the sources of the
witnesses beside them. What only a repository can follow (a link out of ``docs``) is led to those; drawings are put into
the pages, so that they follow the page's colours. Nothing in the built pages asks for anything on the network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
STAGE = REPOSITORY / ".cache" / "site"
SITE = REPOSITORY / "site"
TIMEOUT = 300.0
"""Seconds the generator may take."""

NAV: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Start", (("Start in two minutes", "start.md"), ("My error says …", "messages.md"))),
    (
        "Use",
        (
            ("Check something", "guide.md"),
            ("Choose a base image", "bases.md"),
            ("Container images", "images.md"),
            ("What a name or a message means", "explain.md"),
            ("How old may the system be", "floor.md"),
            ("Change a binary", "fix.md"),
            ("What ldd would print", "ldd.md"),
        ),
    ),
    (
        "In CI",
        (
            ("The gate", "gate.md"),
            ("Integrations", "integrations.md"),
            ("JSON and exit codes", "json.md"),
            ("Python API", "api.md"),
        ),
    ),
    ("Rules", (("Load rules", "rules/index.md"), ("Behaviour rules", "rules/behaviour/index.md"))),
    (
        "How it works",
        (
            ("How musl loads a program", "loader.md"),
            ("How glibc loads a program", "loader-glibc.md"),
            ("How verdicts are proven", "proof.md"),
            ("Limits", "limits.md"),
            ("Beside other tools", "compare.md"),
            ("Tables of C libraries", "tables.md"),
            ("Speed and memory", "performance.md"),
        ),
    ),
    ("Project", (("Contributing", "contributing.md"), ("Changes", "changelog.md"), ("Decisions", "adr/index.md"))),
)
"""Sections and their pages; one that is not there is left out."""

_OUTSIDE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "README.md": "index.md",
    "tests/witness/README.md": "witness-format.md",
}
"""Pages of the repository outside ``docs`` that the site has too."""
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<goal>[^)\s]+)\)")
_FENCE = re.compile(r"^(```.*?^```[^\n]*$)", re.S | re.M)


def place(path: Path) -> str:
    """Where a file of the repository stands in the site; empty where it does not."""
    name = os.path.relpath(path, REPOSITORY)
    if name.startswith("docs" + os.sep):
        name = name[5:]
        return name.removesuffix("README.md") + "index.md" if name.endswith("README.md") else name
    if name.startswith("fixtures/witness/") and path.is_dir():
        return f"witness/{path.name}.md"
    return _OUTSIDE.get(name, "")


def staged(page: Path, text: str) -> str:
    """The text of a page with links as the site has them. Raises ValueError for one that leads nowhere there."""
    home = os.path.dirname(place(page))

    def rewritten(match: re.Match[str]) -> str:
        path, hash_, anchor = match["goal"].partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match[0]
        goal = Path(os.path.normpath(page.parent / path))
        if match["image"] and path.endswith(".svg"):
            return drawing(goal)
        there = place(goal)
        if not there:
            raise ValueError(f"{os.path.relpath(page, REPOSITORY)}: the site has no page for {path}")
        return f"{match['image']}[{match['text']}]({os.path.relpath(there, home or '.')}{hash_}{anchor})"

    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(rewritten, part) for part in parts)


def drawing(path: Path) -> str:
    """A drawing as part of a page: without its own colours, which the style of the site gives."""
    text = re.sub(
        r"<style>.*?</style>\s*|<\?xml.*?\?>\s*|<!--.*?-->\s*", "", path.read_text(encoding="utf-8"), flags=re.S
    )
    one_line = re.sub(r">\s+<", "><", text.strip())
    return f'<div class="drawing" markdown="0">{one_line}</div>'


def witness_page(folder: Path) -> str:
    """The sources of a witness."""
    languages = {".c": "c", ".h": "c", ".toml": "toml"}
    parts = [f"# Witness: {folder.name}", "", "What is run on glibc and on musl, and what it prints."]
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        parts += [
            "",
            f"## {file.relative_to(folder)}",
            "",
            f"````{languages.get(file.suffix, 'text')}",
            text.rstrip("\n"),
            "````",
        ]
    return "\n".join(parts) + "\n"


def stage(below: Path) -> None:
    """Lay the pages out below a directory, which is made anew."""
    shutil.rmtree(below, ignore_errors=True)
    for name, text in pages():
        target = below / "docs" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for name in ("img", "man", "style"):
        if (DOCS / name).is_dir():
            shutil.copytree(DOCS / name, below / "docs" / name)
    (below / "zensical.toml").write_text(configuration(), encoding="utf-8")


def pages() -> Iterator[tuple[str, str]]:
    """Every page of the site: its place and its text."""
    for page in sorted(DOCS.rglob("*.md")):
        yield place(page), staged(page, page.read_text(encoding="utf-8"))
    for outside, name in _OUTSIDE.items():
        if name != "index.md":
            page = REPOSITORY / outside
            yield name, staged(page, page.read_text(encoding="utf-8"))
    for folder in sorted((REPOSITORY / "fixtures" / "witness").iterdir()):
        if (folder / "witness.toml").is_file():
            yield f"witness/{folder.name}.md", witness_page(folder)


def navigation() -> list[tuple[str, list[tuple[str, str]]]]:
    """The sections with the pages that are there."""
    there = {place(page) for page in DOCS.rglob("*.md")} | set(_OUTSIDE.values())
    found = []
    for section, entries in NAV:
        rows = [(title, name) for title, name in entries if name in there]
        found.append((section, rows))
    return found


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def folder_pages(folder: str) -> list[tuple[str, str]]:
    """The index and the pages of a folder, by title."""
    pages = sorted(page for page in (DOCS / folder).glob("*.md") if page.name != "README.md")
    return [("All of them", f"{folder}/index.md"), *((_title(page), place(page)) for page in pages)]


def configuration() -> str:
    """The generator's configuration."""
    nav = ['{"Home" = "index.md"}']
    for section, rows in navigation():
        groups = [(title, name) for title, name in rows if name.endswith("/index.md")]
        entries = [_entry(*row) for row in rows if row not in groups]
        entries += [_group(title, folder_pages(os.path.dirname(name))) for title, name in groups]
        nav.append(f'{{"{section}" = [{", ".join(entries)}]}}')
    return _CONFIGURATION.replace("NAV", ",\n  ".join(nav))


def _group(title: str, rows: list[tuple[str, str]]) -> str:
    return f'{{"{title}" = [{", ".join(_entry(*row) for row in rows)}]}}'


def _entry(title: str, name: str) -> str:
    return '{"' + title.replace('"', "'") + f'" = "{name}"}}'


_CONFIGURATION = """\
[project]
site_name = "muslint"
site_description = "Will this ELF binary run on musl (Alpine)? Says so without running it, and why not."
docs_dir = "docs"
site_dir = "site"
use_directory_urls = false
extra_css = ["style/site.css"]
nav = [
  NAV
]

[project.theme]
language = "en"
font = false
features = [
  "navigation.sections", "navigation.indexes", "navigation.prune", "navigation.top", "toc.follow", "content.code.copy",
]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle = {icon = "lucide/sun", name = "Dark"}

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle = {icon = "lucide/moon", name = "Light"}

[project.extra]
generator = false
"""


def build(below: Path = STAGE) -> int:
    """Stage and build in a directory, which then holds ``site``; 0 when there was no warning."""
    try:
        stage(below)
    except ValueError as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    program = os.path.join(os.path.dirname(sys.executable), "zensical")
    done = subprocess.run([program, "build", "--strict", "--clean"], cwd=below, timeout=TIMEOUT, check=False)
    return min(done.returncode, 1)


def main() -> int:
    """Build, and put the site in its place; it stays as it was where there was a warning."""
    if build() != 0:
        return 1
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.copytree(STAGE / "site", SITE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
