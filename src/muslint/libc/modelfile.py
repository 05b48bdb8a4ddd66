"""Model files: one libc model as text, for ``muslint libc learn -o`` and ``--on``.

The format is that of the tables: ``@`` lines for the properties, then one row
``NAME KIND`` a symbol, sorted.
"""

from muslint.errors import UnknownLibc
from muslint.libc.model import Lfs64, LibcModel
from muslint.libc.table import notes, rows

MAGIC = "# muslint libc model 1"
"""First line of every model file."""


def dumps(model: LibcModel) -> str:
    """Return the text of a model file; the same model gives the same text."""
    properties = {
        "family": model.family,
        "version": model.version,
        "arch": model.arch,
        "lfs64": model.lfs64.value,
        "relr": _word(model.relr),
        "zero-length-load": _word(model.zero_length_load),
        "relocations": " ".join(f"{n}:{kind}" for n, kind in sorted(model.relocations.items())),
        "package": model.package or "",
        "provenance": " ".join(model.provenance.split()),
    }
    head = [f"@ {key} {value}".rstrip() for key, value in properties.items()]
    body = [f"{name} {model.kinds[name]}" for name in sorted(model.exports)]
    return "\n".join([MAGIC, *head, *body]) + "\n"


def loads(text: str) -> LibcModel:
    """Return the model in the text of a model file.

    Raises :class:`UnknownLibc` when the text is not a model file of this version.
    """
    if not text.startswith(MAGIC + "\n"):
        raise UnknownLibc("not a model file of this muslint: its first line should be " + MAGIC)
    held = notes(text)
    try:
        kinds = dict(rows(text))
        return LibcModel(
            family=held["family"],
            version=held["version"],
            arch=held["arch"],
            exports=frozenset(kinds),
            kinds=kinds,
            lfs64=Lfs64(held["lfs64"]),
            relr=held["relr"] == "yes",
            relocations=_relocations(held["relocations"]),
            zero_length_load=held["zero-length-load"] == "yes",
            provenance=held["provenance"],
            package=held.get("package") or None,
        )
    except (KeyError, ValueError) as error:
        raise UnknownLibc(f"the model file is damaged: {error}") from error


def _relocations(text: str) -> dict[int, str]:
    pairs = (entry.partition(":") for entry in text.split())
    return {int(number): kind for number, _, kind in pairs}


def _word(value: bool) -> str:
    return "yes" if value else "no"
