"""``muslint fix``: make the changes to a binary that help it run on the target, and check the result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from muslint.advice.rewrite import Changes
    from muslint.report.report import Judged, Report

Several = list[str] | None


def fix(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A dynamic program or library.")],
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="OUT", help="Where the copy goes.")] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Put the copy in place of FILE.")] = False,
    on: Annotated[str | None, typer.Option("--on", metavar="TARGET", help="As for check.")] = None,
    interpreter: Annotated[
        str | None, typer.Option("--interpreter", metavar="PATH", help="New interpreter; auto is the target's musl.")
    ] = None,
    rpath: Annotated[str | None, typer.Option("--rpath", metavar="PATH", help="New rpath; empty removes it.")] = None,
    drop_needed: Annotated[Several, typer.Option("--drop-needed", metavar="NAME", help="No longer needed.")] = None,
    replace_needed: Annotated[
        Several, typer.Option("--replace-needed", metavar="OLD=NEW", help="Need another library instead.")
    ] = None,
    add_needed: Annotated[Several, typer.Option("--add-needed", metavar="NAME", help="Need this one too.")] = None,
    drop_versions: Annotated[
        bool, typer.Option("--drop-versions", help="Drop what versions symbols must have; musl reads none.")
    ] = False,
    stack_size: Annotated[
        int | None, typer.Option("--stack-size", metavar="BYTES", help="Default thread stack on musl.")
    ] = None,
) -> None:
    """Change a copy of a binary so that it runs on musl.

    Without options: whatever check says would help. The copy is read again and checked. Exit code: 0 done;
    1 it still fails, or cannot be changed soundly; 2 wrong use.
    """
    from muslint.advice.rewrite import Changes
    from muslint.errors import WrongUse

    if (output is None) is not in_place:
        raise WrongUse("say where the copy goes: -o OUT, or --in-place")
    out = os.path.realpath(file) if output is None else output
    if output is not None and os.path.exists(out) and os.path.samefile(file, out):
        raise WrongUse(f"-o {out} is the file itself: use --in-place for that")
    if stack_size is not None and not 4096 <= stack_size <= 1 << 40:
        raise WrongUse(f"--stack-size {stack_size}: a number of bytes from 4096 on")
    given = Changes(
        interpreter, rpath, tuple(drop_needed or ()), tuple(_pair(item) for item in replace_needed or ()),
        tuple(add_needed or ()), drop_versions, stack_size,
    )  # fmt: skip
    for name in (*given.names, given.interpreter or ""):
        if "\0" in name or len(name) > 4096:
            raise WrongUse(f"{name[:60]!r}: a name without NUL of at most 4096 characters")
    raise typer.Exit(_fixed(file, out, given, on))


def _pair(item: str) -> tuple[str, str]:
    from muslint.errors import WrongUse

    old, equals, new = item.partition("=")
    if not (old and equals and new):
        raise WrongUse(f"--replace-needed {item}: write OLD=NEW")
    return old, new


def _fixed(file: str, out: str, given: Changes, on: str | None) -> int:
    """Plan, write beside the place it goes to, check there, and put it in place; the exit code."""
    from dataclasses import replace

    from muslint.advice.fix import object_at, rewrite
    from muslint.errors import CannotFix, WrongUse

    obj = object_at(file)
    report, before = _judged(file, on)
    asked = bool(given)
    loader = f"/lib/ld-musl-{obj.arch}.so.1"
    changes = given if asked else _suggested(file, before, loader)
    if changes.interpreter == "auto":
        changes = replace(changes, interpreter=loader)
    print(f"before  {_verdict(before, report)}")
    if not changes:
        done = before is not None and not _failing(before)
        print("nothing to change" if done else _refusal(before, "fix has no remedy for that"))
        return 0 if done else 1
    # A name of its own beside the place it goes to: the file is checked where it will lie.
    partial = os.path.join(os.path.dirname(out) or ".", f".{os.path.basename(out)}.muslint-{os.getpid()}")
    try:
        told = rewrite(file, partial, changes).told
        report, after = _judged(partial, on)
        for line in told:
            print(f"  {line}")
        print(f"after   {_verdict(after, report)}".replace(partial, out).replace(os.path.basename(partial), out))
        fails = after is None or _failing(after)
        if fails and not asked:
            print(_refusal(after, "nothing written").replace(partial, out))
            _point(before)
            return 1
        os.replace(partial, out)
        print(f"written {out}")
        if fails:
            print(_refusal(after, "").replace(partial, out))
        return 1 if fails else 0
    except CannotFix as error:
        print(f"refused: {error}")
        return 1
    except OSError as error:
        raise WrongUse(f"-o {out}: cannot be written: {error.strerror}") from None
    finally:
        if os.path.exists(partial):
            os.unlink(partial)


def _point(judged: Judged | None) -> None:
    """Say what would be enough, where `check` knows something."""
    way = next((way for way in judged.remedies if way.cures), None) if judged is not None else None
    if way is not None:
        print(f"enough would be: {', then '.join(way.commands)}  (muslint check tells more)")


def _judged(file: str, on: str | None) -> tuple[Report, Judged | None]:
    from muslint.pipeline import check

    report = check(f"file:{file}", on)
    return report, report.objects[0] if report.objects else None


def _failing(judged: Judged) -> bool:
    return judged.verdict in ("fails", "unknown")


def _verdict(judged: Judged | None, report: Report) -> str:
    if judged is None:
        reason = report.skipped[0].reason if report.skipped else "no ELF file"
        return f"not judged on {report.target.name}: {reason}"
    first = next((f.message for f in judged.findings if f.severity == "error"), judged.reason or "")
    return f"{judged.verdict} on {report.target.name}{f': {first}' if first else ''}"


def _refusal(judged: Judged | None, what: str) -> str:
    errors = [f.message for f in judged.findings if f.severity == "error"] if judged else []
    more = f" and {len(errors) - 3} more" if len(errors) > 3 else ""
    text = f"still fails: {'; '.join(errors[:3])}{more}" if errors else "not known to run"
    return f"{text} ({what})" if what else text


def _suggested(file: str, judged: Judged | None, loader: str) -> Changes:
    """What check says would help; libraries beside the file and in ``lib`` folders near it count as found."""
    from muslint.advice.fix import object_at, suggested

    here = os.path.dirname(os.path.abspath(file))
    places = {"$ORIGIN": here, "$ORIGIN/lib": f"{here}/lib", "$ORIGIN/../lib": f"{here}/../lib"}
    obj = object_at(file)
    beside = {
        name: origin
        for name in obj.needed
        for origin, folder in reversed(places.items())
        if os.path.isfile(os.path.join(folder, name))
    }
    return suggested(obj, judged.findings if judged else (), loader, beside)


COMMAND = fix
