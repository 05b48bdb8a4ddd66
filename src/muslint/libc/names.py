"""Names of libc models as people write them: ``musl:1.2.5``, ``alpine:3.23``, a file."""

from pathlib import Path

from muslint.errors import UnknownLibc
from muslint.libc.model import LibcModel


def named(name: str, arch: str = "x86_64") -> LibcModel:
    """Return the model that ``name`` stands for.

    ``musl:VERSION``, ``alpine:RELEASE``, ``alpine:RELEASE@PACKAGE`` (``alpine:3.13@1.2.2_pre7-r0``),
    ``glibc:VERSION``, or the path of a model file. A release is meant exactly: what is near it would be another
    library, and a slip of the finger no target. A model file is of one architecture
    and ignores ``arch``. Raises :class:`UnknownLibc` when nothing is called so.
    """
    family, colon, rest = name.partition(":")
    if colon and family == "musl":
        from muslint.libc import musl

        if rest not in musl.releases():
            raise UnknownLibc(f"no table of musl {rest or 'without a release'}: known are {', '.join(musl.releases())}")
        return musl.model(rest, arch)
    if colon and family == "alpine":
        from muslint.libc import musl

        release, _, package = rest.partition("@")
        return musl.alpine(release, arch, package or None)
    if colon and family == "glibc":
        from muslint.libc import glibc

        return glibc.model(rest, arch)
    path = Path(name)
    if path.is_file():
        from muslint.libc.modelfile import loads

        return loads(path.read_text(errors="replace"))
    raise UnknownLibc(
        f"no C library is called {name}: write musl:1.2.5, alpine:3.23, glibc:2.31"
        " or the path of a model file (see `muslint libc list`)"
    )
