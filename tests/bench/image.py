"""A large image, read where it lies: against listing its layers and checking the same files from disk."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

from tests.images.large import docker_archive

from .goals import MUSLINT, Row
from .measure import Side, in_turn, median


def image(folder: Path, rounds: int) -> Iterator[Row]:
    """`muslint check` of a Docker archive of plain layers, 1.1 GB, against twice ``tar -tf`` of each layer and
    the check of the unpacked root."""
    archive, root = docker_archive()
    layers = []
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.endswith(".tar"):
                tar.extract(member, folder, filter="data")
                layers.append(str(folder / member.name))
    sides = [
        Side("image", (MUSLINT, "check", "-q", str(archive)), (1,)),
        Side("root", (MUSLINT, "check", "-q", f"rootfs:{root}"), (1,)),
        *(Side("tar", ("tar", "-tf", layer)) for layer in layers),
    ]
    runs = in_turn(sides, rounds)
    ours, checked, *listed = (median([one.seconds for one in side]) for side in runs)
    theirs = checked + 2 * sum(listed)
    title = "check of an image of 1.1 GB, plain layers: against 2 x tar -tf and its files from disk"
    counts = {"bytes": archive.stat().st_size}
    yield Row(title, ours / theirs, 1, "times that time", False, ours, theirs, counts)
    peak = max(one.peak for one in runs[0]) / 1024
    yield Row("the same, peak memory", peak, 200, "MB", False, peak, 200, {})
