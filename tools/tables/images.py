"""Tables of base images and of Alpine's compilers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.tables.text import load, table

_RENAMED = {"debian:forky / testing": "debian:testing", "amazonlinux:2018.03 (AL1)": "amazonlinux:1"}
_COLUMNS = (
    "libc",
    "libc_version",
    "release",
    "eol",
    "libgcc_in_base",
    "libstdcxx_in_base",
    "GLIBCXX_max",
    "CXXABI_max",
    "GCC_max",
    "compressed_mb_amd64",
    "confidence",
)


def tables(facts: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of the tables of images and compilers made from ``facts``."""
    yield "images/images.txt", image_table(load(facts, "distros.json"))
    yield "alpine/gcc.txt", compiler_table(load(facts, "alpine-gcc.json"))


def bare_name(image: str) -> str:
    """Return an image's name without the host it is pulled from."""
    image = _RENAMED.get(image, image)
    host, slash, rest = image.partition("/")
    return rest if slash and "." in host else image


def image_table(distros: dict[str, Any]) -> str:
    """Return the table of base images, in the order of the facts."""
    lines = [
        " ".join([bare_name(entry["image"]), *(_cell(entry.get(c)) for c in _COLUMNS)]) for entry in distros["images"]
    ]
    return table(
        "base images: NAME LIBC VERSION RELEASED END-OF-LIFE LIBGCC LIBSTDC++ GLIBCXX CXXABI GCC MB"
        " CONFIDENCE\n"
        "LIBGCC and LIBSTDC++: in the image as it is; GLIBCXX, CXXABI, GCC: highest node that\n"
        "the distribution's own library defines; MB: compressed size on amd64; - is not known",
        [("source", "versions measured in containers, end-of-life lists, packages read")],
        lines,
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace(" ", "_")


def compiler_table(compilers: dict[str, Any]) -> str:
    """Return the table of gcc in Alpine releases."""
    lines = [
        f"{release} {entry['gcc']} {entry['glibcxx_level']} {entry['cxxabi_level']}"
        for release, entry in compilers["releases"].items()
    ]
    return table(
        "gcc in Alpine: RELEASE PACKAGE GLIBCXX CXXABI\n"
        "the levels are upstream's for that code: Alpine's libstdc++ defines no versions itself",
        [("source", "main/gcc recipe at each release commit of Alpine")],
        lines,
    )
