"""Reading the text tables below ``data/``.

A table has one row a line, columns separated by blanks, sorted. ``#`` begins a
comment line, ``@`` a line about the table itself (``@ 1.2.5 built from …``).
"""

from collections.abc import Iterator, Sequence

from muslint.errors import MuslintError


class TableError(MuslintError):
    """A table of this package is missing or malformed (an installation fault)."""


def read_text(name: str) -> str:
    """Return the text of table ``name``, a path below ``data/``.

    Raises :class:`TableError` when the package does not carry it.
    """
    import pkgutil

    try:
        raw = pkgutil.get_data("muslint.libc", "data/" + name)
    except OSError as error:
        raise TableError(f"table {name} is not part of this installation") from error
    if raw is None:
        raise TableError(f"table {name} cannot be read from this installation")
    return raw.decode()


def rows(text: str) -> Iterator[list[str]]:
    """Yield the columns of each row, without comments and ``@`` lines."""
    for line in text.splitlines():
        if line and line[0] not in "#@":
            yield line.split()


def notes(text: str) -> dict[str, str]:
    """Return the ``@ KEY VALUE`` lines of a table as a mapping, in their order."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("@ "):
            key, _, value = line[2:].partition(" ")
            found[key] = value
    return found


def covers(ranges: str, release: str, order: Sequence[str]) -> bool:
    """Tell whether ``ranges`` names ``release``, by their place in ``order``.

    ``1.2.2-`` is from 1.2.2 on, ``-1.2.3`` up to and with 1.2.3, ``1.1.20-1.2.3``
    both, a bare release itself; commas join several.
    """
    place = order.index(release)
    for part in ranges.split(","):
        low, dash, high = part.partition("-")
        if not dash:
            high = low
        if (not low or order.index(low) <= place) and (not high or place <= order.index(high)):
            return True
    return False


def ranges_of(present: Sequence[str], order: Sequence[str]) -> str:
    """Return the shortest range text for the releases ``present`` out of ``order``.

    The inverse of :func:`covers`; an empty text stands for all of them.
    """
    held = set(present)
    parts: list[str] = []
    start: str | None = None
    for index, release in enumerate(order):
        if release in held and start is None:
            start = release
        last = index + 1 == len(order)
        if start is not None and (last or order[index + 1] not in held):
            low = "" if start == order[0] else start
            high = "" if last else release
            parts.append(release if start == release and low and high else f"{low}-{high}")
            start = None
    return "" if parts == ["-"] else ",".join(parts)
