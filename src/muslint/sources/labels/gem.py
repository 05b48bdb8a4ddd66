"""Ruby gems: ``platform`` of the specification, such as ``x86_64-linux-musl``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from muslint.sources.labels.label import Claim, Label, arches, text_of

_PLATFORM = re.compile(
    r"^(?:platform|original_platform): *[\"']?(?P<text>(?P<cpu>\w+)-linux(?:-(?P<libc>gnu|musl)\w*)?)[\"']?\s*$",
    re.MULTILINE,
)
_LIBCS = {"gnu": "glibc", "musl": "musl"}


def _claims(kind: str, name: str, texts: Mapping[str, bytes], paths: Sequence[str]) -> Iterator[Claim]:  # noqa: ARG001
    found = _PLATFORM.search(text_of(texts.get("gem/metadata", b"")))
    if found:
        libcs = frozenset((_LIBCS[found["libc"]],) if found["libc"] else ())
        yield Claim("/", found["text"], "the gem's platform", libcs, arches(found["cpu"]), each=True)


LABEL = Label("gem", frozenset(), _claims)
