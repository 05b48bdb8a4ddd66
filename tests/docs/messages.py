"""The index by message: ``python -m tests.docs.messages`` writes it from the forms that `muslint explain` knows.

Each form is shown by a message of `tests.support.messages`, which the tests of `explain` hold it against.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.advice.messages import FORMS, Form
from muslint.rules import load_rules, rules
from tests.support.cache import REPOSITORY
from tests.support.messages import MESSAGES

PAGE = REPOSITORY / "docs" / "messages.md"
_INTRODUCTION = """\
# My error says …

Find the line of your log, or paste it, or all of the log:

```
muslint explain "Error relocating ./app: backtrace: symbol not found"
docker logs app 2>&1 | muslint explain -
```

Names differ from yours; look for the words around them. One cause often shows as several lines: the first that
names a file or a symbol tells most.

| message | rule |
|---|---|
"""


def page() -> str:
    """The whole page: a table of all messages, then what each means."""
    return _INTRODUCTION + "\n".join(_row(form) for form in FORMS) + "\n\n" + "\n".join(_sections())


def _row(form: Form) -> str:
    return f"| [{_code(_shortest(form))}](#{form.id}) | {_rule(form) or '–'} |"


def _sections() -> Iterator[str]:
    for form in FORMS:
        yield f"## {form.id}"
        yield ""
        yield "```"
        yield from (text for text, ident, _ in MESSAGES if ident == form.id)
        yield "```"
        yield ""
        yield f"From {form.says}: {form.means}."
        yield ""
        if rule := _rule(form):
            yield f"`muslint check` foresees it: rule {rule}."
            yield ""
        if form.advice:
            yield from (f"- {_sentence(line)}" for line in form.advice)
            yield ""
        yield f"Ask: {_code(f'muslint explain {_quoted(_shortest(form))}')}"
        yield ""


def _shortest(form: Form) -> str:
    """A message of that form: with the words it begins with, and little else."""
    texts = [text for text, ident, _ in MESSAGES if ident == form.id and "\n" not in text]
    return min(texts, key=lambda text: (not text.startswith("Error"), len(text)))


def _code(text: str) -> str:
    """A message as code in a cell of a table; one that holds a backtick needs two around it."""
    return f"`` {_cell(text)} ``" if "`" in text else f"`{_cell(text)}`"


def _rule(form: Form) -> str:
    """The link to the page of the rule that foresees it; empty where none does."""
    if form.rule not in {rule.id for rule in rules()}:
        return ""
    folder = "rules" if form.rule in {rule.id for rule in load_rules()} else "rules/behaviour"
    return f"[{form.rule}]({folder}/{form.rule}.md)"


def _sentence(text: str) -> str:
    """Text with what is typed into a shell as code."""
    return re.sub(r"(?<![\w/])(muslint \w+|-Wl,\S+[^;,\s]|LD_PRELOAD=\S+|LC_ALL=C\b)", r"`\1`", text)


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
