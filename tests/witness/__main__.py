"""``python -m tests.witness [ID…]``: run witnesses and print what every machine really says, alike ones once.

``--toml`` prints it as the ``[run.expect]`` tables of a ``witness.toml``; read them before believing them.
"""

from __future__ import annotations

import sys

from tests.support.cache import Unavailable
from tests.witness.witness import Run, actual, ids, machine, witness


def outputs(run: Run) -> dict[str, str]:
    """Machine (``rebuilt-`` before it for the program rebuilt for musl) → output."""
    found = {}
    for name in run.machines:
        found[name] = actual(run, machine(name))
    for name in run.machines:
        if name != "glibc" and run.rebuild:
            found[f"rebuilt-{name.removeprefix('musl-')}"] = actual(run, machine(name), rebuilt=True)
    return found


def main(arguments: list[str]) -> None:
    """Print the outputs of the named witnesses, or of all."""
    toml = "--toml" in arguments
    for rule in [word for word in arguments if not word.startswith("-")] or ids():
        for run in witness(rule).runs:
            print(f"### {rule}: {run.name}", flush=True)
            try:
                found = outputs(run)
            except (Unavailable, AssertionError) as error:
                print(error)
                continue
            if toml:
                print("[run.expect]")
                for key, name in (("glibc", "glibc"), ("musl", "musl-1.2.5"), ("rebuilt", "rebuilt-1.2.5")):
                    if name in found:
                        print(f"{key} = '''\n{found[name]}'''")
                continue
            for text in dict.fromkeys(found.values()):
                print(f"--- {' '.join(name for name in found if found[name] == text)}\n{text}", end="", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
