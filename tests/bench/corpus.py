"""The files that are measured: real ELF objects of the oracle's roots, as lists for `work`."""

from pathlib import Path

from muslint.elf.dynamic import read
from muslint.errors import MalformedElf
from muslint.sources.bytes import FileBytes
from tests.support import real_loader


def files(root: Path, below: str = "/") -> list[str]:
    """Every subject of ``root`` below a path of it that all three readers read alike.

    Left out: separate debug files, whose dynamic section has no content (pyelftools raises), and objects with
    DT_RELR, which LIEF decodes into relocations and muslint counts in words.
    """
    found = []
    for inside in real_loader.subjects(root):
        if not inside.startswith(below):
            continue
        path = f"{root}{inside}"
        data = FileBytes(path)
        try:
            obj = read(data, path)
        except MalformedElf:
            continue
        finally:
            data.close()
        if obj.dynamic and not obj.relr_words:
            found.append(path)
    return found


def write_list(folder: Path, name: str, paths: list[str]) -> str:
    """Write a list for `work`; returns its path."""
    target = folder / name
    target.write_text("".join(f"{path}\n" for path in paths))
    return str(target)
