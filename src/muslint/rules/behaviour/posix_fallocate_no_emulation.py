"""posix_fallocate where the file system cannot allocate."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import first, imported
from muslint.rules.finding import Severity

_NAMES = ("posix_fallocate", "posix_fallocate64")


def _prove(scene: Scene) -> Iterator[Proof]:
    yield imported("possible" if scene.built_for == "musl" else "likely", *first(scene, _NAMES))


RULE = Behaviour(
    id="posix-fallocate-no-emulation",
    title="posix_fallocate is not emulated",
    triggers=_NAMES,
    severity=Severity.WARNING,
    claim="posix_fallocate returns EOPNOTSUPP on file systems that cannot allocate (NFS before 4.2, ZFS, ramfs)",
    glibc="writes a byte into every block instead",
    musl="returns EOPNOTSUPP",
    builds="any",
    evidence="the import",
    remedy="keep the files on ext4, XFS, btrfs or tmpfs",
    fix="on EOPNOTSUPP use ftruncate, or write zeros",
    references=("musl src/fcntl/posix_fallocate.c", "glibc sysdeps/posix/posix_fallocate.c"),
    witness="posix-fallocate-no-emulation",
    prove=_prove,
)
