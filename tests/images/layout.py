"""Images written by hand: layers as lists of entries, for what no tool would write and every reader meets."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

OCI = "application/vnd.oci.image"
Item = tuple[str, str]
"""What an entry is and what it holds: ``("file", text)``, ``("dir", "")``, ``("link", target)``, ``("hard", …)``."""

Entries = list[tuple[str, Item]]


def layer(entries: Iterable[tuple[str, Item]]) -> bytes:
    """A tar with these entries, in order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, (kind, text) in entries:
            info = tarfile.TarInfo(path)
            data = text.encode() if kind == "file" else b""
            info.type = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}.get(
                kind, tarfile.LNKTYPE
            )
            info.mode = 0o755
            info.linkname = text if kind in ("link", "hard") else ""
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@dataclass
class Layout:
    """An OCI layout that grows."""

    folder: Path
    manifests: list[dict[str, Any]] = field(default_factory=list)

    def blob(self, data: bytes, kind: str = "", **more: object) -> dict[str, Any]:
        """Store bytes; gives their descriptor."""
        digest = sha256(data).hexdigest()
        target = self.folder / "blobs" / "sha256" / digest
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data), **more}

    def document(self, value: object, kind: str, **more: object) -> dict[str, Any]:
        """Store JSON; gives its descriptor."""
        return self.blob(json.dumps(value).encode(), kind, **more)

    def image(
        self, layers: Sequence[bytes], config: dict[str, Any] | None = None, **described: object
    ) -> dict[str, Any]:
        """Store an image of plain tars, kept gzipped; gives the descriptor of its manifest."""
        config = {
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(data).hexdigest()}" for data in layers]},
            "history": [{"created_by": f"step {number}"} for number, _ in enumerate(layers, 1)],
            **(config or {}),
        }  # fmt: skip
        stored = [self.blob(gzip.compress(data, 1, mtime=0), f"{OCI}.layer.v1.tar+gzip") for data in layers]
        return self.manifest(self.document(config, f"{OCI}.config.v1+json"), stored, **described)

    def manifest(self, config: dict[str, Any], layers: list[dict[str, Any]], **described: object) -> dict[str, Any]:
        """Store a manifest; gives its descriptor."""
        value = {"schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json", "config": config, "layers": layers}
        return self.document(value, f"{OCI}.manifest.v1+json", **described)

    def index(self, manifests: list[dict[str, Any]], **described: object) -> dict[str, Any]:
        """Store an index; gives its descriptor."""
        value = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": manifests}
        return self.document(value, f"{OCI}.index.v1+json", **described)

    def written(self, *manifests: dict[str, Any]) -> Path:
        """Write ``index.json`` for these; gives the directory."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": list(manifests)}))
        return self.folder


def tagged(tag: str) -> dict[str, str]:
    """The annotation that names an image."""
    return {"org.opencontainers.image.ref.name": tag}
