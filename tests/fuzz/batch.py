"""Read many damaged files in one process with bounded memory: ``python -m tests.fuzz.batch SEED COUNT READER FILE…``.

Prints one JSON object: how many cases gave an object or were refused, the slowest, and every case that
broke the rule (any exception but MalformedElf, or more than `CASE_TIME`).
"""

import json
import random
import resource
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from muslint.elf import facts as composed
from muslint.elf.readers import named_reader
from muslint.errors import MalformedElf
from muslint.sources.bytes import MemoryBytes
from tests.differential.facts import facts
from tests.fuzz.mutations import mutated, regions

CASE_TIME = 2.0
"""Seconds one case may take; the files have at most two mebibytes."""

MEMORY = 1 << 30
"""Bytes of address space for the whole process, library code included."""


class TooSlow(BaseException):
    """A case took longer than `CASE_TIME`. Not an Exception, so that no reader can catch it."""


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow


def outcome(reader: str, content: bytes) -> str:
    """``read`` or ``refused``; every fact that can be decoded late is decoded too."""
    try:
        obj = named_reader(reader)(MemoryBytes(content), "x")
        facts(obj)
        composed.requires(obj)
        composed.built_for(obj)
    except MalformedElf:
        return "refused"
    return "read"


def run(seed: int, count: int, reader: str, files: list[Path]) -> dict[str, object]:
    """The result of ``count`` cases over ``files`` in turn."""
    seeds = [(path.name, content := path.read_bytes(), regions(content)) for path in files]
    told: dict[str, int] = {"read": 0, "refused": 0}
    broken: list[str] = []
    slowest = 0.0
    for case in range(count):
        name, content, parts = seeds[case % len(seeds)]
        what, damaged = mutated(content, parts, random.Random(f"{seed} {case}"))
        begin = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, CASE_TIME)
        try:
            told[outcome(reader, damaged)] += 1
        except (Exception, TooSlow) as error:
            broken.append(f"case {case} of {name} ({what}): {type(error).__name__}: {error}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        slowest = max(slowest, time.perf_counter() - begin)
    return {**told, "slowest": slowest, "broken": broken}


def main() -> None:
    """Read the arguments, bound the memory, print the result."""
    seed, count, reader, *files = sys.argv[1:]
    named_reader(reader)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _too_slow)
    print(json.dumps(run(int(seed), int(count), reader, [Path(file) for file in files])))


if __name__ == "__main__":
    main()
