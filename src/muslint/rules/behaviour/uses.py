"""What the rules about whole functions share: an import as proof, with the places where it is called."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Proof, Scene
from muslint.rules.finding import Evidence

LOOK_UPS = ("getaddrinfo", "gethostbyname", "gethostbyname2", "gethostbyname_r", "gethostbyname2_r")
"""Functions that ask for the addresses of a host."""

_MOST = 8  # places of one proof
_RUST = b"RUST_BACKTRACE"  # in all that has Rust's standard library; its texts end in no NUL


def is_rust(scene: Scene) -> bool:
    """Whether Rust's standard library is linked in. It asks the C library for more than it needs."""
    return any(part.content.find(_RUST, part.start, part.end) >= 0 for part in scene.image.constants())


def used(scene: Scene, confidence: str, *names: str) -> Iterator[Proof]:
    """One proof for those of ``names`` that are imported: where they are called, else that they are imported."""
    found = [name for name in names if name in scene.imports]
    evidence: list[Evidence] = []
    for name in found:
        # What is only possible is mostly not shown: not worth following every call.
        sites = scene.calls(name) if confidence != "possible" else ()
        places = dict.fromkeys(site.where for site in sites)
        evidence += [Evidence("call-site", where, f"calls {name}") for where in places]
        if not places:
            evidence.append(Evidence("import", name, f"imports {name}"))
    if len(evidence) > _MOST:
        evidence = [*evidence[:_MOST], Evidence("note", "", f"and {len(evidence) - _MOST} more calls")]
    if found:
        yield Proof(confidence, found[0], tuple(evidence), ", ".join(found))
