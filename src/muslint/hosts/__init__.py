"""Symbols an embedding program gives its plugins: CPython, Node.js, the JVM, Ruby, PHP …

A plugin refers to names that only the process which loads it has. One file a host, each with a
constant ``HOST``; `host_of` finds the host of a plugin by what it exports and refers to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from muslint.hosts.host import Host


@lru_cache(maxsize=1)
def hosts() -> tuple[Host, ...]:
    """Every known host, by id."""
    found = (getattr(import_module(f"{__name__}.{m.name}"), "HOST", None) for m in iter_modules(__path__))
    return tuple(sorted((host for host in found if host is not None), key=lambda host: host.id))


def host_of(path: str, exports: Iterable[str], imports: Iterable[str], needed: Iterable[str] = ()) -> Host | None:
    """The host of a plugin: by its file name, its entry point, the API most of its names belong to, or a library of
    the host's own that it needs."""
    exports, imports = tuple(exports), tuple(imports)
    for host in hosts():
        if path.endswith(host.suffixes) or any(name.startswith(host.entry_points) for name in exports):
            return host
    # A plugin may ask for a few names that look like another host's: PHP's own include ap_php_snprintf.
    asked = Counter(found.id for name in imports if (found := giver(name)) is not None)
    named = max((host for host in hosts() if host.id in asked), key=lambda host: asked[host.id], default=None)
    return named or next((host for host in hosts() if not set(host.loads).isdisjoint(needed)), None)


def host_of_package(kind: str) -> Host | None:
    """The host that loads the plugins in a kind of package: a wheel's CPython, a jar's JVM, a gem's Ruby."""
    return next((host for host in hosts() if kind in host.packages), None)


@lru_cache(maxsize=65536)
def giver(name: str) -> Host | None:
    """The host whose API a name belongs to, by the longest prefix; None when no known host has such a name."""
    reach, host = max(((host.reach(name), host) for host in hosts()), key=lambda item: item[0])
    return host if reach else None
