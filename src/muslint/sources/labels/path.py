"""Labels that are paths: NuGet's ``runtimes/RID/native``, the native directories of jars, Rust triples, Go releases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from muslint.sources.labels.label import Claim, Label, arches

_CPU = (
    r"x86_64|x86-64|amd64|x64|aarch64|arm64|arm64v8|armv[67]\w*|armhf|armel|arm|i[3-6]86|386|x86|riscv64(?:gc)?|s390x|"
    r"powerpc64le|ppc64le|ppc64el|loongarch64|loong64|mips64el|mipsel"
)
_ABI = r"(?P<libc>gnu|musl)(?:x32|abi64|abin32|eabi(?:hf)?)?(?![a-z])"
# Texts, compiled by `re` when first searched for: most names hold none of the words they need.
_TRIPLE = rf"(?i)(?<![a-z0-9])(?P<cpu>{_CPU})-(?:unknown-|alpine-|pc-)?linux-{_ABI}"
# Without a vendor a directory of that name is a multiarch path, which says where files lie, not what they are.
_VENDOR_TRIPLE = rf"(?i)(?<![a-z0-9])(?P<cpu>{_CPU})-(?:unknown|alpine)-linux-{_ABI}"
_RELEASE = rf"(?i)(?<![a-z0-9])linux(?P<musl>[-_]?musl)?[-_.](?P<cpu>{_CPU})(?P<after>[-_]musl)?(?![a-z0-9])"
_RID = (
    r"/runtimes/(?P<rid>(?P<os>linux|alpine|debian|ubuntu|rhel|fedora|opensuse|centos)[\w.]*?"
    r"(?P<musl>-musl)?(?P<bionic>-bionic)?"
    r"-(?P<cpu>x64|x86|arm64|arm|armel|armv6|s390x|ppc64le|riscv64|loongarch64))/native/"
)
_JAR = rf"(?i)/(?P<text>linux(?P<musl>-musl)?[-/](?P<cpu>{_CPU}))/(?=[^/]*$)"


def _claims(kind: str, name: str, texts: Mapping[str, bytes], paths: Sequence[str]) -> Iterator[Claim]:  # noqa: ARG001
    file = name.rpartition("/")[2]
    named = "linux" in file.lower()
    if named and (found := re.search(_TRIPLE, file)):
        yield _claim("/", found[0], "the file name", _LIBCS[found["libc"].lower()], found["cpu"])
    elif named and (found := re.search(_RELEASE, file)) and kind != "wheel":
        musl = "musl" if found["musl"] or found["after"] else None
        yield _claim("/", found[0], "the file name", musl, found["cpu"])
    for member in paths:
        folder = member.rpartition("/")[0] + "/"
        if "/runtimes/" in member and (found := re.search(_RID, member)):
            libc = "musl" if found["musl"] or found["os"] == "alpine" else "bionic" if found["bionic"] else "glibc"
            yield _claim(member, f"runtimes/{found['rid']}", "the path", libc, found["cpu"])
        elif "linux" in member.lower() and (found := re.search(_VENDOR_TRIPLE, member)):
            yield _claim(member, found[0], "the path", _LIBCS[found["libc"].lower()], found["cpu"])
        elif kind in ("zip", "jar") and (found := re.search(_JAR, folder + "x")):
            yield _claim(member, found["text"], "the path", "musl" if found["musl"] else None, found["cpu"])


_LIBCS = {"gnu": "glibc", "musl": "musl"}


def _claim(below: str, text: str, where: str, libc: str | None, cpu: str) -> Claim:
    cpu = "riscv64" if cpu.lower() == "riscv64gc" else cpu
    return Claim(below, text, where, frozenset((libc,) if libc else ()), arches(cpu))


LABEL = Label("path", frozenset(), _claims)
