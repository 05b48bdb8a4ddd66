"""The ELF fixtures of ``fixtures/elf``, made when a test asks for one (recipes.toml says how)."""

import functools
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.cache import REPOSITORY
from tests.support.compile import Flag, system_cc, zig_cc, zig_lld

FOLDER = REPOSITORY / "fixtures" / "elf"


@functools.cache
def _recipes() -> dict[str, Mapping[str, Any]]:
    described = tomllib.loads((FOLDER / "recipes.toml").read_text())
    recipes = {recipe["name"]: recipe for recipe in described["fixture"]}
    for arch, target in described["targets"].items():
        library = f"library-{arch}.so"
        common = {"tool": "cc", "target": target}
        recipes[library] = {
            **common,
            "sources": ["library.c"],
            "flags": ["-shared", "-fPIC", f"-Wl,-soname,{library}", "-Wl,-z,lazy"],
        }
        recipes[f"program-{arch}"] = {
            **common,
            "sources": ["program.c", f"{{{library}}}"],
            "flags": ["-Wl,-rpath,$ORIGIN"],
        }
    return recipes


NAMES = tuple(sorted(_recipes()))
"""Every fixture."""

ARCHITECTURES = tuple(tomllib.loads((FOLDER / "recipes.toml").read_text())["targets"])
"""musl names of the architectures that ``library-ARCH.so`` and ``program-ARCH`` exist for."""


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="muslint-elf-")


@functools.cache
def made(name: str) -> Path:
    """The fixture called ``name``; raises `Unavailable` where its compiler is not here."""
    recipe = _recipes()[name]
    output = Path(_folder().name) / name
    sources = [made(s[1:-1]) if s.startswith("{") else FOLDER / s for s in recipe["sources"]]
    flags: list[Flag] = [FOLDER / f if (FOLDER / f).is_file() else f for f in recipe["flags"]]
    if recipe["tool"] == "system":
        return system_cc(sources, output, *flags)
    if recipe["tool"] == "cc":
        return zig_cc(recipe["target"], sources, output, *flags)
    objects = [
        zig_cc(recipe["target"], [source], output.with_suffix(f".{source.stem}.o"), "-c", *recipe["compile"])
        for source in sources
    ]
    return zig_lld(objects, output, *flags)


def content(name: str) -> bytes:
    """The bytes of a fixture."""
    return made(name).read_bytes()
