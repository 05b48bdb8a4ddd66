"""Plugins of CPython."""

from muslint.hosts.host import Host

HOST = Host(
    id="cpython",
    title="CPython",
    prefixes=("Py", "_Py"),
    lazy=False,
    entry_points=("PyInit_",),
    suffixes=(),
    packages=("wheel",),
)
