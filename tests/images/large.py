"""A large image as ``docker save`` writes it: the Alpine root in one plain layer, 31 wheels in another."""

import json
import shutil
import tarfile
from hashlib import file_digest
from pathlib import Path

from tests.support import roots
from tests.support.cache import built, recipe_key, run

PACK_LIMIT = 300.0  # seconds tar may take


def docker_archive() -> tuple[Path, Path]:
    """The archive, 1.1 GB, and the same files in a directory (hard links to the cached root: treat as read-only)."""
    source = roots.alpine_with_wheels()

    def build(folder: Path) -> None:
        root = folder / "root"
        root.mkdir()
        roots.linked_copy(source, root)
        for name in ("boot", "lib/modules", "lib/firmware"):
            shutil.rmtree(root / name, ignore_errors=True)
        with tarfile.open(folder / "image.tar", "w") as archive:
            digests = [_layer(folder, root, archive, part) for part in (["--exclude=./wheels", "."], ["./wheels"])]
            _add(archive, folder, "manifest.json", [
                {"Config": "config.json", "RepoTags": ["large:1"], "Layers": [f"{digest}.tar" for digest in digests]}
            ])  # fmt: skip
            _add(archive, folder, "config.json", {
                "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
                "history": [{"created_by": "ADD rootfs.tar /"}, {"created_by": "COPY wheels /wheels"}],
            })  # fmt: skip

    folder = built("images", "large", recipe_key(2, source.name), build)
    return folder / "image.tar", folder / "root"


def _layer(folder: Path, root: Path, archive: tarfile.TarFile, what: list[str]) -> str:
    plain = folder / "layer.tar"
    run(
        [
            "tar",
            "--sort=name",
            "--hard-dereference",
            "--owner=0",
            "--group=0",
            "-C",
            str(root),
            "-cf",
            str(plain),
            *what,
        ],
        timeout=PACK_LIMIT,
    )
    with open(plain, "rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    archive.add(plain, f"{digest}.tar")
    plain.unlink()
    return digest


def _add(archive: tarfile.TarFile, folder: Path, name: str, value: object) -> None:
    path = folder / name
    path.write_text(json.dumps(value))
    archive.add(path, name)
    path.unlink()
