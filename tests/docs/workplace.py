"""The directory in which the commands of the docs are run: what they name is there, made anew and always the same."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from functools import cache
from pathlib import Path

from tests.images.layout import Layout, tagged
from tests.support import musl
from tests.support.cache import built, recipe_key
from tests.support.compile import zig_cc

SOURCES = Path(__file__).with_name("src")
GLIBC, MUSL = "x86_64-linux-gnu.2.34", "x86_64-linux-musl"
PLUGIN = ("-shared", "-fPIC")
LOG = """\
2026-01-05T10:00:00Z starting
Error loading shared library libssl.so.1.1: No such file or directory (needed by /app/server)
Error relocating /app/server: fcntl64: symbol not found
"""
"""What ``docker logs`` shows."""


def lay(folder: Path) -> None:
    """Fill a new directory; raises `Unavailable` where the parts cannot be had."""
    shutil.copytree(_kept(), folder, dirs_exist_ok=True)


@cache
def _kept() -> Path:
    parts = [file.read_text(encoding="utf-8") for file in (*sorted(SOURCES.iterdir()), Path(__file__))]
    return built("docs", "workplace", recipe_key(1, *parts), _make)


def _make(folder: Path) -> None:
    for name in ("dist", "pkg/bin", "pkg/opt/lib", "build", "image-root/usr/bin"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    app = zig_cc(GLIBC, [SOURCES / "app.c"], folder / "dist" / "app", "-s")
    plugin = zig_cc(GLIBC, [SOURCES / "x.c"], folder / "dist" / "x.so", *PLUGIN, "-s")
    shutil.copy(plugin, folder / "libx.so")
    _package(folder / "pkg")
    with zipfile.ZipFile(folder / "app.whl", "w") as wheel:
        wheel.write(plugin, "app/x.so")
    root = musl.install(musl.loader("1.2.5"), folder / "image-root")
    native = zig_cc(MUSL, [SOURCES / "usefoo.c", SOURCES / "foo.c"], root / "usr" / "bin" / "app", "-dynamic", "-s")
    shutil.copytree(root, folder / "DIR")
    shutil.copy(root / "lib" / "ld-musl-x86_64.so.1", folder / "libc.so")
    (folder / "sources.txt").write_text("dist/app\ndist/x.so\n", encoding="utf-8")
    _image(folder, root, app, native)


def _package(folder: Path) -> None:
    """A program whose library is in the package, where musl does not look."""
    library = zig_cc(MUSL, [SOURCES / "foo.c"], folder / "libfoo.so", *PLUGIN, "-Wl,-soname,libfoo.so.1", "-s")
    zig_cc(MUSL, [SOURCES / "usefoo.c", library], folder / "bin" / "usefoo", "-dynamic", "-s")
    library.rename(folder / "opt" / "lib" / "libfoo.so.1")


def _image(folder: Path, root: Path, app: Path, native: Path) -> None:
    """A layout and an archive of it: musl's loader, and over it the program built for glibc."""
    base = _layer({"lib/ld-musl-x86_64.so.1": root / "lib" / "ld-musl-x86_64.so.1", "usr/bin/client": native})
    above = _layer({"usr/local/bin/server": app})
    layout = Layout(folder / "build" / "image")
    config = {
        "config": {"Entrypoint": ["/usr/local/bin/server"], "Cmd": ["--port=1"]},
        "history": [{"created_by": "ADD rootfs.tar /"}, {"created_by": "COPY app /"}],
    }
    layout.written(layout.image([base, above], config, annotations=tagged("1.2")))
    with tarfile.open(folder / "image.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(layout.folder.rglob("*")):
            tar.add(file, file.relative_to(layout.folder), recursive=False, filter=_plain)


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mtime = info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def _layer(files: dict[str, Path]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, file in files.items():
            info = tarfile.TarInfo(name)
            data = file.read_bytes()
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()
