"""Real images by real tools: an Alpine root, programs built for glibc over it, one taken away, a library replaced."""

import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from muslint.elf.dynamic import read
from muslint.sources.bytes import MemoryBytes
from tests.support import roots
from tests.support.cache import Unavailable, built, recipe_key, run
from tests.support.compile import zig_cc

SOURCES = Path(__file__).with_name("src")
GNU, MUSL = "x86_64-linux-gnu.2.28", "x86_64-linux-musl"
FULL = os.environ.get("MUSLINT_ORACLE") == "full"
BUSYBOX, LARGEST = "busybox", 100_000
TOOL_LIMIT = 120.0  # seconds one tool may take
DATE = "2024-01-01T00:00:00Z"

STEPS = (
    "ADD rootfs.tar /",
    "COPY app /",
    "RUN rm /usr/local/bin/old",
    "RUN rm /opt/app/old.jar",
    "COPY greet /usr/lib",
)
"""What made each layer of `umoci_layout`."""


def needs(*tools: str) -> None:
    """Raise Unavailable unless these are installed."""
    for tool in tools:
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is not installed")


def base(target: Path) -> None:
    """A copy of the Alpine root without its kernel and modules, in the new directory ``target``.

    Unless ``MUSLINT_ORACLE=full``, of its ELF files only those that need but musl, `BUSYBOX` and none larger.
    """
    target.mkdir()
    roots.linked_copy(roots.alpine(), target)
    for name in ("boot", "lib/modules", "lib/firmware", "usr/share/apk"):
        shutil.rmtree(target / name, ignore_errors=True)
    if FULL:
        return
    for path in target.rglob("*"):
        own = path.name in (BUSYBOX, "ld-musl-x86_64.so.1")
        if not own and path.is_file() and not path.is_symlink() and _large_or_needy(path):
            path.unlink()


def _large_or_needy(path: Path) -> bool:
    """Whether it is an ELF file that is large or needs more than musl."""
    data = path.read_bytes()
    if not data.startswith(b"\x7fELF"):
        return False
    return len(data) > LARGEST or read(MemoryBytes(data), "x").needed != ("libc.musl-x86_64.so.1",)


def programs(folder: Path) -> None:
    """``app``: what the second layer adds; ``greet``: what the last one replaces."""
    app, greet = folder / "app", folder / "greet"
    for directory in (app / "usr/local/bin", app / "usr/lib", app / "opt/app", greet):
        directory.mkdir(parents=True)
    shared = ("-shared", "-fPIC", "-Wl,-soname,libgreet.so")
    server = zig_cc(GNU, [SOURCES / "server.c"], app / "usr/local/bin/server")
    shutil.copy(server, app / "usr/local/bin/old")
    glibc = zig_cc(GNU, [SOURCES / "greet_glibc.c"], app / "usr/lib/libgreet.so", *shared)
    musl = zig_cc(MUSL, [SOURCES / "greet_musl.c"], greet / "libgreet.so", *shared)
    zig_cc(MUSL, [SOURCES / "client.c", musl], app / "usr/local/bin/client", "-dynamic")
    for name in ("new.jar", "old.jar"):
        with zipfile.ZipFile(app / "opt/app" / name, "w", zipfile.ZIP_DEFLATED) as jar:
            jar.write(glibc, "native/libgreet.so")


def umoci_layout() -> Path:
    """The layout ``image`` with the tag ``t``: one layer a step."""
    needs("umoci")

    def build(folder: Path) -> None:
        base(folder / "root")
        programs(folder)
        layout = folder / "image"
        umoci = _umoci(folder)
        umoci("init", "--layout", str(layout))
        umoci("new", "--image", f"{layout}:t")
        inserts = (
            (str(folder / "root"), "/"), (str(folder / "app"), "/"), ("--whiteout", "/usr/local/bin/old"),
            ("--whiteout", "/opt/app/old.jar"), (str(folder / "greet"), "/usr/lib"),
        )  # fmt: skip
        for step, arguments in zip(STEPS, inserts, strict=True):
            history = ("--history.created", DATE, "--history.created_by", step)
            umoci("insert", "--image", f"{layout}:t", *history, *arguments)
        umoci(
            "config", "--image", f"{layout}:t", "--history.created_by", "ENTRYPOINT", "--created", DATE,
            "--history.created", DATE, "--architecture", "amd64", "--os", "linux",
            "--config.entrypoint", "/usr/local/bin/server", "--config.cmd", "--port=1",
        )  # fmt: skip
        shutil.rmtree(folder / "root")

    return (
        built(
            "images",
            "umoci" if FULL else "umoci-few",
            recipe_key(4, STEPS, *sorted(p.read_text() for p in SOURCES.iterdir())),
            build,
        )
        / "image"
    )


def _umoci(folder: Path):  # type: ignore[no-untyped-def]
    def umoci(*arguments: str) -> None:
        run(["umoci", *arguments], timeout=TOOL_LIMIT, cwd=folder)

    return umoci


def converted(source: str, target: str, *options: str) -> None:
    """``skopeo copy``."""
    needs("skopeo")
    run(["skopeo", "copy", "-q", *options, source, target], timeout=TOOL_LIMIT)


@contextmanager
def buildah(folder: Path, driver: str) -> Iterator["Buildah"]:
    """buildah with a store of its own below ``folder``; what it leaves mounted there is unmounted in the end."""
    try:
        yield Buildah(folder, driver)
    finally:
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mount in sorted((at for at in mounts if at.startswith(f"{folder}/")), reverse=True):
            run(["umount", mount], timeout=TOOL_LIMIT)


class Buildah:
    """buildah with a store of its own below a folder; see `buildah`."""

    def __init__(self, folder: Path, driver: str) -> None:
        needs("buildah")
        if os.geteuid() != 0:
            raise Unavailable("buildah as no root needs subordinate user IDs")
        root, run_root = str(folder / driver / "root"), str(folder / driver / "run")
        self._options = ["--storage-driver", driver, "--root", root, "--runroot", run_root]
        self.store = f"[{driver}@{root}+{run_root}]"

    def __call__(self, *arguments: str, cwd: Path | None = None) -> str:
        environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
        return run(["buildah", *self._options, *arguments], timeout=TOOL_LIMIT, cwd=cwd, env=environment).strip()

    @contextmanager
    def mounted(self, image: str) -> Iterator[Path]:
        """The file system of an image as a container sees it."""
        container = self("from", image)
        try:
            yield Path(self("mount", container))
        finally:
            self("umount", container)
            self("rm", container)


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """A plain registry on the loopback address; gives ``127.0.0.1:PORT``. It is ended by its process id."""
    needs("docker-registry")
    for port in range(5601, 5640):
        config = folder / f"registry-{port}.yml"
        config.write_text(
            "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {folder / 'registry'}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
        )
        server = subprocess.Popen(
            ["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            if _answers(server, port):
                yield f"127.0.0.1:{port}"
                return
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(10)
    raise Unavailable("no free port for a registry")


def _answers(server: subprocess.Popen[bytes], port: int) -> bool:
    import socket

    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            time.sleep(0.2)
            return server.poll() is None  # else somebody else answers there
        if server.poll() is not None:
            return False
    return False


CONTAINERFILE = """\
FROM scratch
ADD rootfs.tar /
COPY app /
RUN rm /usr/local/bin/old && ln /bin/busybox /opt/hard
RUN rm -rf /opt/app && mkdir /opt/app && echo x >/opt/app/new
COPY greet/libgreet.so /usr/lib/libgreet.so
ENTRYPOINT ["/usr/local/bin/server"]
"""
"""An image built by instructions that are run in it: what is taken away, made anew, linked, replaced."""


def bud(build: Buildah, folder: Path) -> str:
    """Build `CONTAINERFILE` in ``folder``, a layer for each instruction; gives the image's name."""
    context = folder / "context"
    context.mkdir()
    base(folder / "root")
    programs(context)
    run(["tar", "-C", str(folder / "root"), "-cf", str(context / "rootfs.tar"), "."], timeout=TOOL_LIMIT)
    (context / "Containerfile").write_text(CONTAINERFILE)
    build("bud", "-q", "--layers", "--timestamp", "0", "-t", "local/built:1", str(context))
    return "local/built:1"
