"""Families of glibc names, for telling people what kind of name is missing."""

from dataclasses import dataclass
from functools import lru_cache

from muslint.libc.table import read_text, rows


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A group of glibc names that are missing for one reason and cured one way.

    The texts other than the title are empty where nothing is known.
    """

    id: str
    """Kebab-case, e.g. ``fortify``."""

    title: str
    what: str = ""
    provider: str = ""
    """What provides (some of) the names on Alpine."""

    source_fix: str = ""
    """What to do when the program can be built again."""

    binary_fix: str = ""
    """What to do when it can not."""

    note: str = ""


OTHER = "other"
"""Family of every name that is in no other."""


@lru_cache(maxsize=1)
def families() -> dict[str, Family]:
    """Return every family by id, sorted."""
    texts: dict[str, dict[str, str]] = {}
    for line in read_text("groups/families.txt").splitlines():
        if line and line[0] not in "#@":
            family_id, field, text = line.split(" ", 2)
            texts.setdefault(family_id, {})[field] = text
    return {family_id: Family(id=family_id, **fields) for family_id, fields in texts.items()}


@lru_cache(maxsize=1)
def _members() -> dict[str, tuple[str, int]]:
    return {row[0]: (row[1], int(row[2])) for row in rows(read_text("groups/symbols.txt"))}


def family(name: str) -> Family:
    """Return the family of a glibc name.

    A name the table lacks is placed by its form (``__foo_chk`` is fortify); one
    without a tell-tale form is in :data:`OTHER`.
    """
    member = _members().get(name)
    return families()[member[0] if member else _by_form(name)]


def seen(name: str) -> int:
    """Return how many programs and libraries of the corpus need ``name`` (0: none, unknown).

    The corpus is the 1777 dynamic ELF files of a Debian 12 machine; good for ranking only.
    """
    member = _members().get(name)
    return member[1] if member else 0


def _by_form(name: str) -> str:
    forms = (
        (name.endswith("_chk") or name in ("__chk_fail", "__fortify_fail"), "fortify"),
        (name.startswith("__isoc23_"), "isoc23"),
        (name.startswith("__isoc99_"), "isoc99"),
        (name.startswith("_ZGV"), "mvec"),
        (name.startswith("stdc_"), "stdbit"),
        (name.startswith("__") and name.endswith("_finite"), "finite-math"),
        (name.startswith(("__res_", "res_n", "ns_", "__ns_", "__dn_")), "resolver"),
        (name.startswith(("_obstack_", "obstack_")), "obstack"),
        (name.startswith(("fts_", "fts64_")), "fts"),
        (name.startswith(("argz_", "envz_", "__argz_")), "argz"),
        (name.startswith("argp_"), "argp"),
        (name.startswith(("xdr_", "clnt_", "svc_", "auth_", "clntudp_", "svcudp_")), "sunrpc"),
        (name.startswith("_IO_"), "stdio-internal"),
        (name.startswith(("_dl_", "__libc_", "__nss_", "__gconv_", "__pthread_un")), "private"),
        (name.endswith("64"), "lfs64"),
    )
    return next((family_id for holds, family_id in forms if holds), OTHER)
