"""The parts of ``parts.toml`` laid below a directory, as their users have them on disk."""

import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support import compile as compiler
from tests.support import fetch, roots
from tests.support.cache import Unavailable, built, recipe_key

from .case import HERE, parts

Part = Mapping[str, Any]


def lay(names: tuple[str, ...], folder: Path) -> Path:
    """Lay these parts below ``folder`` and return what is to be checked: a wheel, a root or the folder itself.

    Raises `Unavailable` where a part cannot be had.
    """
    known, found = parts(), folder
    for name in names:
        part = known[name]
        found = _LAYERS[part["kind"]](name, part, folder) or found
    return found


def _wheel(_name: str, part: Part, _folder: Path) -> Path:
    return fetch.pypi_file(part["name"], part["version"], part["file"], part["sha256"])


def _npm(_name: str, part: Part, folder: Path) -> None:
    """Unpack to ``node_modules/NAME``, where npm puts it and where its rpaths point from."""
    archive = fetch.npm_package(part["name"], part["version"], part["integrity"])
    target = folder / "node_modules" / part["name"]
    target.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            member.name = member.name.partition("/")[2]  # every npm archive holds one directory
            if member.name:
                tar.extract(member, target, filter="data")


def _debian(name: str, part: Part, _folder: Path) -> Path:
    """Unpacked once and kept: asking apt takes longer than everything else."""

    def unpack(folder: Path) -> None:
        found = fetch.debian_packages(part["packages"], part["suite"], part["arch"])
        if len(found) != len(part["packages"]):
            wanted = ", ".join(part["packages"])
            raise Unavailable(f"Debian {part['suite']} {part['arch']} lacks some of {wanted}")
        fetch.unpack_debs(found.values(), folder)

    return built("acceptance", name, recipe_key(1, part["suite"], part["arch"], part["packages"]), unpack)


def _zig(name: str, part: Part, folder: Path) -> None:
    sources = [HERE / "src" / source for source in part["sources"]]
    output = folder / part.get("path", name)
    if "lld" not in part:
        compiler.zig_cc(part["target"], sources, output, *part.get("flags", ()))
        return
    object_file = compiler.zig_cc(part["target"], sources, folder / f"{name}.o", "-c", *part.get("flags", ()))
    compiler.zig_lld([object_file], output, *part["lld"])
    object_file.unlink()


def _system(name: str, part: Part, folder: Path) -> None:
    sources = [HERE / "src" / source for source in part["sources"]]
    compiler.system_cc(sources, folder / name, *part.get("flags", ()))


def _root(_name: str, part: Part, _folder: Path) -> Path:
    return roots.alpine(part["arch"])


_LAYERS: Mapping[str, Callable[[str, Part, Path], Path | None]] = {
    "wheel": _wheel,
    "npm": _npm,
    "debian": _debian,
    "zig": _zig,
    "system": _system,
    "root": _root,
}
