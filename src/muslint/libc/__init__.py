"""What a C library offers: models of musl, tables of glibc, shims and base images.

Nothing here reads the outside world except :mod:`muslint.libc.learn`, which is
handed bytes or a directory. The tables below ``data/`` are plain, sorted text;
their format is described in ``docs/tables.md`` and their origin in
``data/PROVENANCE.md``.
"""
