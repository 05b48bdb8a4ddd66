"""``muslint explain``: a symbol, a soname, a rule, a symbol version or a message from a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from muslint.advice.explanation import Explanation

_WIDTH = 118


def explain(
    name: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME…", help="A symbol, soname, rule, GLIBC_2.34, or a message; - reads it from stdin."
        ),
    ],
    arch: Annotated[str, typer.Option("--arch", metavar="ARCH", help="Architecture.")] = "x86_64",
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="text or json.")] = "text",
) -> None:
    """Say what a name or an error message means, and what to do.

    A symbol, a library, a symbol version, a rule, or lines of a log: who has it, and since when.

    Exit code: 0 explained; 1 nothing is known of it.
    """
    from muslint.advice.explain import LONGEST, nearest
    from muslint.advice.explain import explain as ask
    from muslint.elf.machine import machine_number
    from muslint.errors import WrongUse
    from muslint.libc.model import musl_arch
    from muslint.report.readable import shown

    if output not in ("text", "json"):
        raise WrongUse(f"-o {output}: write text or json")
    if not machine_number(musl_arch(arch)):
        raise WrongUse(f"--arch {arch}: no architecture of musl; write x86_64, aarch64, armhf, i386, riscv64 …")
    text = sys.stdin.buffer.read(LONGEST).decode("utf-8", "replace") if name == ["-"] else " ".join(name)
    found = ask(text, musl_arch(arch))
    if found is None:
        close = nearest(text.strip())
        if output == "json":
            _print_json({"query": text, "explanation": None, "nearest": list(close)})
        else:
            asked = shown(text.strip()[:200]) or "an empty text"
            hint = (
                f"did you mean {', '.join(close)}?" if close
                else "it is no symbol, soname or rule, and no message of a loader, that muslint knows"
            )  # fmt: skip
            print(f"muslint explain: nothing is known of {asked}: {hint}", file=sys.stderr)
        raise typer.Exit(1)
    if output == "json":
        _print_json({"query": text, "explanation": _plain(found), "nearest": []})
    else:
        print("\n".join(shown(line) for line in _told(found).split("\n")))


def _print_json(document: dict[str, Any]) -> None:
    import json

    print(json.dumps({"schema": "muslint-explanation/1", **document}, indent=2, ensure_ascii=False))


def _plain(found: Explanation) -> dict[str, Any]:
    return {
        "kind": found.kind, "name": found.name, "summary": found.summary,
        "facts": [{"key": fact.key, "text": fact.text, "value": fact.value} for fact in found.facts],
        "advice": list(found.advice), "about": [_plain(item) for item in found.about],
    }  # fmt: skip


def _told(found: Explanation) -> str:
    from textwrap import fill

    title = found.name if found.kind != "message" else "message"
    lines = [f"{title}  {found.summary}"]
    for fact in found.facts:
        if found.kind == "message" and fact.text == found.summary:
            continue
        lines.append(fill(fact.text, _WIDTH, initial_indent=f"  {fact.key:<14}", subsequent_indent=" " * 16))
    lines += [fill(line, _WIDTH, initial_indent="  - ", subsequent_indent="    ") for line in found.advice]
    return "\n".join(lines) + "".join(f"\n\n{_told(item)}" for item in found.about)


COMMAND = explain
