"""The rows of ``muslint bases`` as text for people, as Markdown, and as values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from muslint.advice.base import NO_IMAGE, Base, unopened
from muslint.report.readable import shown
from muslint.report.width import cut, left

SCHEMA = "muslint-bases/1"
WORDS = {
    "fails": "FAILS", "fails-on-use": "fails on use", "differs": "differs", "runs": "runs", "unknown": "unknown",
    NO_IMAGE: "no image",
}  # fmt: skip
_COLOURS = {"fails": "31;1", "fails-on-use": "31", "differs": "33", "runs": "32", "unknown": "35", NO_IMAGE: "2"}
_LOADS = ("runs", "differs", "fails-on-use", "unknown")
_WIDTH = 100  # of the reason, where there is no screen
_FAMILIES = {
    "debian": "Debian", "ubuntu": "Ubuntu", "centos": "CentOS", "almalinux": "AlmaLinux", "rockylinux": "Rocky Linux",
    "oraclelinux": "Oracle Linux", "amazonlinux": "Amazon Linux", "opensuse": "openSUSE", "fedora": "Fedora",
    "archlinux": "Arch Linux", "distroless": "distroless", "chainguard": "Wolfi", "busybox": "BusyBox",
    "alpine": "Alpine", "void-linux": "Void Linux", "openwrt": "OpenWrt", "scratch": "scratch",
}  # fmt: skip


def family(row: Base) -> str:
    """The distribution an image belongs to, as people name it."""
    name = row.image.partition("/")[0].partition(":")[0]
    return "Red Hat UBI" if name.startswith("ubi") else _FAMILIES.get(name, name)


def tag(row: Base) -> str:
    """What tells an image from the others of its family."""
    name = row.image.partition("/")[2] or row.image
    if row.image.startswith("ubi"):
        return row.image.removeprefix("ubi").replace("/ubi", "").replace("-", " ", 1)
    return name.partition(":")[2] or name


def says(row: Base) -> str:
    """The deciding reason and what to do about it, in one line."""
    parts = [shown(row.why)] if row.why else []
    if row.judged > 1 and row.failing and row.verdict not in ("runs", NO_IMAGE):
        parts = [f"{''.join(parts)} ({row.failing} of {row.judged} files)"]
    if row.then is not None:
        end = (
            "then it runs" if row.then == "runs" else f"then: {WORDS[row.then].lower()} {shown(row.then_why)}".rstrip()
        )
        parts.append(f"{row.add}, {end}")
    elif row.add is not None and row.verdict in ("runs", "differs", "fails-on-use"):
        parts.append(f"with {row.add}")
    elif row.instead is not None:
        parts.append(f"use {row.instead}")
    named = unopened(row) if row.best in _LOADS else ()  # of what does not load, what it would open says little
    return "; ".join((*filter(None, [": ".join(parts)]), *map(shown, named)))


def until(row: Base) -> str:
    """When updates end, to the month."""
    if row.end_of_life is None:
        return "rolls" if row.rolls else "-"
    if row.ended:
        return "ended" if row.long_term is None else f"LTS {row.long_term[:7]}"
    return row.end_of_life[:7]


def libc(row: Base) -> str:
    """The C library and its version."""
    if row.libc is None:
        return "none"
    return f"{row.libc} {row.version or '?'}{'+' if row.rolls else ''}"


def _cells(row: Base) -> list[str]:
    size = "-" if row.compressed_mb is None else f"{row.compressed_mb:.0f}"
    return [row.image, libc(row), WORDS[row.verdict], says(row), until(row), size]


_HEADS = ["image", "libc", "verdict", "why, and what to add", "until", "MB"]


def table(rows: Sequence[Base], sources: str, verbose: int = 0, colour: bool = False, width: int | None = None) -> str:
    """The table for people. Images past their end of life are counted, and listed with ``verbose``.

    Reasons are cut to ``width`` characters of the whole, where it is given, and never with ``verbose``.
    """
    from tabulate import tabulate

    listed = [row for row in rows if verbose or not row.ended] or list(rows)
    cells = [_cells(row) for row in listed]
    others = [(*line[:3], *line[4:]) for line in (_HEADS, *cells)]
    room = left(others[0], others[1:], width) or _WIDTH
    if colour:
        for row, line in zip(listed, cells):
            line[2] = f"\x1b[{_COLOURS[row.verdict]}m{line[2]}\x1b[0m"
    for line in cells:
        line[3] = cut(line[3], None if verbose else room)
    text = tabulate(cells, _HEADS, tablefmt="plain", disable_numparse=True, colalign=("left",) * 5 + ("right",))
    lines = [shown(sources), "", *(line.rstrip() for line in text.splitlines()), ""]
    if len(listed) < len(rows):
        gone = [row for row in rows if row not in listed]
        lines.append(f"{_counted(gone)} of {len(gone)} images past their end of life (-v lists them).")
    lines.append(f"{_counted(listed)} of {len(listed)} images. Sizes are of the compressed image on amd64.")
    return "\n".join(lines) + "\n"


def _counted(rows: Sequence[Base]) -> str:
    as_it_is = sum(row.verdict == "runs" for row in rows)
    more = sum(row.best == "runs" for row in rows) - as_it_is
    return f"Runs on {as_it_is}" + (f", with packages on {more} more," if more else "")


def markdown(rows: Sequence[Base]) -> str:
    """The rows as a Markdown table."""
    lines = ["| " + " | ".join(_HEADS) + " |", "|---|---|---|---|---|---:|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def document(row: Base) -> dict[str, Any]:
    """One row, as values; every field of `Base` by its name."""
    found: dict[str, Any] = {}
    for field in fields(row):
        value = getattr(row, field.name)
        found[field.name] = list(value) if isinstance(value, tuple) else value
    return found


def whole(rows: Sequence[Base], sources: Sequence[str], today: str, version: str) -> dict[str, Any]:
    """The JSON document of ``muslint bases``."""
    return {
        "schema": SCHEMA, "tool": {"name": "muslint", "version": version}, "sources": list(sources),
        "today": today, "bases": [document(row) for row in rows],
    }  # fmt: skip
