"""Other builds of the same package that may be had for musl. Nothing here can tell whether they exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from muslint.rules.finding import Effect, Tried
from muslint.rules.rule import Case

_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[A-Za-z0-9_.!+]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]*linux[^-]*\.whl$"
)
_NPM = re.compile(r"(?:^|/)node_modules/(?P<package>(?:@[^/]+/)?[^/]+?-linux-?(?:x64|arm64)-(?:gnu|glibc))/")
_MACHINES = {
    "i386": "i686", "armhf": "armv7l", "powerpc64le": "ppc64le",
}  # fmt: skip


def downloads(case: Case) -> Iterator[Tried]:
    """What to ask the package's registry for, where the file shows which package it is of."""
    for name in (case.source.name, *reversed(case.source.parents)):
        found = _WHEEL.search(name.rpartition("/")[2])
        if found and "musllinux" not in name:
            platform = f"musllinux_1_2_{_MACHINES.get(case.model.arch, case.model.arch)}"
            yield Tried(
                "download",
                (f"pip download --no-deps --only-binary=:all: --platform {platform} {found[1]}=={found[2]}",),
                "finds the musllinux wheel of this release, if there is one; on Alpine pip picks it by itself",
                Effect.UNTRIED,
            )
            return
    if found := _NPM.search("/".join((case.source.name, *case.source.parents[1:], case.shown(case.path)))):
        other = re.sub(r"(gnu|glibc)$", "musl", found["package"])
        yield Tried(
            "download", ("npm install --libc=musl",),
            f"installs {other} in place of {found['package']}, if there is one", Effect.UNTRIED,
        )  # fmt: skip
