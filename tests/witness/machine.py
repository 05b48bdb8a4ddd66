"""The machines a witness runs on: a root with real glibc, roots with real musl, the real Alpine root."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.support import musl
from tests.support.cache import Unavailable, built, recipe_key, run
from tests.support.fetch import debian_packages, unpack_debs
from tests.support.roots import alpine

STACK = 8 << 20
"""The stack limit a witness is started with, in bytes: the usual one of a login."""

MUSL_RELEASES = ("1.2.3", "1.2.5", "1.2.6")
MACHINES = ("glibc", *(f"musl-{release}" for release in MUSL_RELEASES), "alpine")
"""Names of the machines. ``alpine`` is Alpine 3.23 with musl 1.2.5."""

_LOCALES = ("en_US", "de_DE", "tr_TR")
_SETTLE = 20.0  # seconds beside the program's own time


@dataclass(frozen=True, slots=True)
class Machine:
    """One root and what is said of it."""

    name: str
    libc: str  # "glibc" or "musl"
    release: str  # of the C library
    root: Path


@dataclass(frozen=True, slots=True)
class Request:
    """One run: a command inside the machine, with what lies beside it."""

    command: Sequence[str]
    files: Mapping[str, tuple[str, bytes]]  # path in the root → mode (octal), content
    env: Mapping[str, str]
    stdin: str
    timeout: float  # seconds
    answers: Sequence[Mapping[str, Any]] | None  # of the name server; None: no server


def described(name: str) -> Machine:
    """What is known of one of `MACHINES` without making it: its root is empty."""
    if name == "glibc":
        return Machine(name, "glibc", "2.36", Path())
    return Machine(name, "musl", "1.2.5" if name == "alpine" else name.removeprefix("musl-"), Path())


@cache
def machine(name: str) -> Machine:
    """One of `MACHINES`; raises Unavailable where its parts cannot be had."""
    if os.uname().machine != "x86_64":
        raise Unavailable("witnesses run on x86-64 machines only")
    known = described(name)
    if name == "glibc":
        return replace(known, root=_glibc_root())
    return replace(known, root=alpine() if name == "alpine" else _musl_root(known.release))


def _base(folder: Path, *names: str) -> None:
    for top in ("bin", "sbin", "lib"):
        (folder / "usr" / top).mkdir(parents=True)
        (folder / top).symlink_to(f"usr/{top}")
    (folder / "usr" / "lib64").mkdir()
    (folder / "lib64").symlink_to("usr/lib64")
    unpack_debs(debian_packages(["busybox-static", *names], "bookworm", "amd64").values(), folder)
    for shell in ("sh", "true", "echo", "cat", "gzip"):
        if not (folder / "bin" / shell).exists():
            (folder / "bin" / shell).symlink_to("busybox")
    (folder / "etc").mkdir(exist_ok=True)
    (folder / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (folder / "etc" / "group").write_text("root:x:0:\n")
    (folder / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    shutil.rmtree(folder / "usr" / "share" / "doc", ignore_errors=True)


def _glibc_root() -> Path:
    """Debian 12's glibc 2.36 with its NSS modules, gconv modules and three UTF-8 locales."""
    packages = ("libc6", "libc-bin", "libgcc-s1", "libcrypt1", "netbase", "locales", "tzdata")

    def unpack(folder: Path) -> None:
        _base(folder, *packages)
        (folder / "usr" / "lib" / "locale").mkdir(exist_ok=True)
        for name in _LOCALES:
            command = ["localedef", "-i", name, "-f", "UTF-8", "--no-archive", f"/usr/lib/locale/{name}.UTF-8"]
            run([_tool("unshare"), "-r", "chroot", str(folder), *command], timeout=120)

    return built("machines", "glibc", recipe_key(1, packages, _LOCALES), unpack)


def _musl_root(release: str) -> Path:
    """Debian's musl of that release and nothing else but busybox, /etc/services and time zones."""
    loader = musl.loader(release)

    def unpack(folder: Path) -> None:
        _base(folder, "netbase", "tzdata")
        musl.install(loader, folder)

    return built("machines", f"musl-{release}", recipe_key(1, loader.file.parent.parent.name, release), unpack)


def _tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise Unavailable(f"{name} is not installed")
    return found


def output(on: Machine, request: Request) -> str:
    """What the program prints there, both streams in the order written, with a last line for how it ended.

    Nothing is added for exit status 0; else ``[exit 3]``, ``[killed by SIGSEGV]`` or ``[still running after 5 s]``.
    Raises Unavailable where namespaces cannot be had.
    """
    loaders = {"/lib64/ld-linux-x86-64.so.2": "/lib/ld-musl-x86_64.so.1"} if on.libc == "musl" else {}
    document = {
        "root": str(on.root), "loaders": loaders, "command": list(request.command), "stdin": request.stdin,
        "files": {p: [mode, base64.b64encode(text).decode()] for p, (mode, text) in request.files.items()},
        "env": {"PATH": "/usr/bin:/bin", "HOME": "/tmp", **request.env},
        "timeout": request.timeout, "stack": STACK, "answers": request.answers,
    }  # fmt: skip
    command = [_tool("unshare"), "-r", "-m", "-n", "-p", "--fork", sys.executable, "-I"]
    done = subprocess.run(
        [*command, str(Path(__file__).with_name("inside.py"))],
        input=json.dumps(document).encode(), capture_output=True, timeout=request.timeout + _SETTLE, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise Unavailable(f"no namespaces of our own: {' '.join(last) or 'no message'}")
    answer = json.loads(done.stdout)
    text = answer["output"].encode("latin-1").decode("utf-8", "backslashreplace")
    return _ended(text, answer["exit"], request.timeout)


def _ended(text: str, status: int | None, timeout: float) -> str:
    if text and not text.endswith("\n"):
        text += "\n"
    if status is None:
        return f"{text}[still running after {timeout:g} s]\n"
    if status < 0:
        return f"{text}[killed by {signal.Signals(-status).name}]\n"
    return f"{text}[exit {status}]\n" if status else text
