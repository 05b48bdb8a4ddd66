"""Compilers for fixtures: every source is compiled once, and the result kept by what went into it.

`zig_cc` and `zig_lld` come from the PyPI package ``ziglang`` and need nothing else on the machine, whatever the
target. `system_cc` is the machine's own C compiler, for what zig refuses (a static glibc program …).

The key of a result is the digest of the sources, the flags and the tool's version. Files that a source includes
are part of it only when they are given as a flag.
"""

import functools
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from .cache import Unavailable, cache_dir, recipe_key

COMPILE_TIMEOUT = 300.0
"""Seconds one compiler run may take; a C library made on first use included."""

Flag = str | Path
"""A flag; one that is a `Path` names a file whose content belongs to the key (a version script, a library)."""


def zig_cc(target: str, sources: Sequence[Path], output: Path, *flags: Flag) -> Path:
    """Compile ``sources`` (C, assembler, objects or libraries) to ``output`` with ``zig cc -target TARGET``.

    Pin the C library's version in ``target`` (``x86_64-linux-gnu.2.28``): the default differs by architecture.
    ``-O1 -g0`` unless told otherwise. Returns ``output``; raises `Unavailable` without the package ``ziglang``,
    and AssertionError with the compiler's words where it refuses the input.
    """
    command = [*_zig(), "cc", "-target", target, "-O1", "-g0"]
    return _made(f"zig {metadata.version('ziglang')}", command, sources, output, flags, _zig_environment())


def zig_lld(inputs: Sequence[Path], output: Path, *flags: Flag) -> Path:
    """Link ``inputs`` to ``output`` with the ELF linker in zig (``zig ld.lld``), which takes every flag of lld's.

    Nothing is added: no start files, no C library. Returns and raises as `zig_cc`.
    """
    command = [*_zig(), "ld.lld"]
    return _made(f"zig {metadata.version('ziglang')}", command, inputs, output, flags, _zig_environment())


def system_cc(sources: Sequence[Path], output: Path, *flags: Flag) -> Path:
    """Compile ``sources`` to ``output`` with the machine's ``cc``.

    Returns ``output``. Raises `Unavailable` without one, and where it fails too: what a machine's compiler lacks
    (a static C library, a linker's option) is not known beforehand.
    """
    found = shutil.which("cc")
    if not found:
        raise Unavailable("no C compiler called cc (Debian: apt-get install gcc libc6-dev)")
    try:
        return _made(_cc_version(found), [found, "-O1", "-g0"], sources, output, flags, {})
    except AssertionError as error:
        raise Unavailable(f"the machine's C compiler does not make it: {str(error).splitlines()[0]}") from None


def cross_cc(command: str, sources: Sequence[Path], output: Path, *flags: Flag) -> Path:
    """Compile ``sources`` to ``output`` with a compiler of the machine by its name: ``aarch64-linux-gnu-gcc``.

    Returns and raises as `system_cc`.
    """
    compiler = shutil.which(command)
    if compiler is None:
        raise Unavailable(f"no {command} (apt-get install gcc-{command.removesuffix('-gcc')})")
    try:
        return _made(f"{command} {_cc_version(compiler)}", [compiler, "-g0"], sources, output, flags, {})
    except AssertionError as error:
        raise Unavailable(f"{command} does not make it: {str(error).splitlines()[0]}") from None


def _zig() -> list[str]:
    found = find_spec("ziglang")
    if found is None or not found.origin:
        raise Unavailable("the PyPI package ziglang is not installed (make test installs it)")
    return [str(Path(found.origin).with_name("zig"))]


def _zig_environment() -> dict[str, str]:
    # No variable of the user's may change what is made; zig wants a home of its own.
    cache = cache_dir() / "zig"
    return {"ZIG_GLOBAL_CACHE_DIR": str(cache / "global"), "ZIG_LOCAL_CACHE_DIR": str(cache / "local")}


@functools.cache
def _cc_version(compiler: str) -> str:
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=60, check=False)
    return f"{platform.machine()} {done.stdout.partition(chr(10))[0]}"


def _made(
    tool: str, command: list[str], sources: Sequence[Path], output: Path, flags: Sequence[Flag], env: dict[str, str]
) -> Path:
    """Run ``command`` unless the cache has its result, and copy that to ``output``."""
    read = [path.read_bytes().hex() for path in [*sources, *(flag for flag in flags if isinstance(flag, Path))]]
    suffixes = [path.suffix for path in sources]
    spelled = [flag if isinstance(flag, str) else "FILE" for flag in flags]
    kept = cache_dir() / "compiled" / recipe_key(tool, command[1:], suffixes, spelled, read)
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f"{kept.name}.{os.getpid()}")
        done = subprocess.run(
            [*command, *map(str, sources), *map(str, flags), "-o", str(part)],
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", **env},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMPILE_TIMEOUT,
            check=False,
        )
        if done.returncode != 0:
            part.unlink(missing_ok=True)
            raise AssertionError(f"{Path(command[0]).name} {' '.join(spelled)}: {done.stderr.strip()}")
        part.rename(kept)
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(kept, output)
    return output
