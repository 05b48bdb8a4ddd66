"""Plugins of the PostgreSQL server."""

from muslint.hosts.host import Host

HOST = Host(
    id="postgresql",
    title="the PostgreSQL server",
    prefixes=(
        "pg_",
        "PG_",
        "SPI_",
        "Pg_",
        "errstart",
        "errfinish",
        "errmsg",
        "ereport",
        "palloc",
        "pfree",
        "DirectFunctionCall",
        "CurrentMemoryContext",
        "heap_",
        "MemoryContext",
        "DefineCustom",
        "process_shared_preload",
    ),
    lazy=False,
    entry_points=("Pg_magic_func",),
    suffixes=(),
)
