"""The Dockerfiles of ``docs/integrations.md``, built by buildah on bases made of Debian's packages and the real Alpine.

``python:3.13-slim`` is a small Debian with its Python, pip and the wheel of this tree; ``gcc:14`` the same with zig as
its compiler; ``alpine:3.23`` the real root. No registry is asked.
"""

import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.images.recipes import Buildah, base, buildah
from tests.integrations.page import files, write
from tests.reports.reports import MADE
from tests.support import installed
from tests.support.cache import REPOSITORY, Unavailable, built, cache_dir, recipe_key, run
from tests.support.fetch import debian_packages, unpack_debs

RUN_LIMIT = 120.0  # seconds
PACKAGES = (
    "base-files", "libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libbz2-1.0", "liblzma5", "libexpat1", "libffi8",
    "libssl3", "libcrypt1", "libuuid1", "libtinfo6", "libncursesw6", "libreadline8", "libsqlite3-0", "libdb5.3",
    "libselinux1", "libpcre2-8-0", "libacl1", "libattr1", "libgmp10", "coreutils", "bash", "dash",
    "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "python3-pip-whl",
)  # fmt: skip
GCC = {"gnu": "x86_64-linux-gnu.2.36", "musl": "x86_64-linux-musl -dynamic"}
ZIG = "/opt/zig"


def debian() -> Path:
    """A small Debian with Python and pip; a compiler for each of `GCC`, for which zig is mounted."""

    def build(folder: Path) -> None:
        for name in (
            "usr/bin",
            "usr/lib",
            "usr/sbin",
            "usr/lib64",
            "usr/local/bin",
            "etc",
            "tmp",
            "proc",
            "dev",
            "sys",
        ):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "lib", "sbin", "lib64"):
            (folder / name).symlink_to(f"usr/{name}")
        unpack_debs(debian_packages(PACKAGES, "bookworm", "amd64").values(), folder)
        shutil.rmtree(folder / "usr" / "share" / "doc")
        for needless in folder.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            needless.unlink()
        (pip,) = folder.glob("usr/share/python-wheels/pip-*.whl")
        script(folder / "usr/local/bin/pip", f"python3.11 /{pip.relative_to(folder)}/pip")
        script(folder / "usr/local/bin/python3", "python3.11")
        for libc, target in GCC.items():
            script(folder / f"usr/local/bin/gcc-{libc}", f"{ZIG}/zig cc -target {target}")

    return built("roots", "debian-python", recipe_key(1, PACKAGES, GCC), build)


def script(path: Path, command: str) -> None:
    """A program that runs another with the same arguments."""
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    """buildah with the three bases in its store."""
    folder = tmp_path_factory.mktemp("docker")
    wheels = installed.wheelhouse()
    with buildah(folder, "overlay") as build:
        base(folder / "alpine")
        image(build, "alpine:3.23", folder / "alpine")
        image(build, "python:3.13-slim", debian(), wheels=wheels)
        image(build, "gcc:14", debian(), gcc="gnu")
        image(build, "musl-gcc:14", debian(), gcc="musl")
        yield build


def image(build: Buildah, name: str, root: Path, *, wheels: Path | None = None, gcc: str = "") -> None:
    """Put an image into the store."""
    container = build("from", "scratch")
    build("add", "-q", container, str(root), "/")
    if wheels is not None:
        build("add", "-q", container, str(wheels), "/wheels")
        build("config", "--env", "PIP_NO_INDEX=1", "--env", "PIP_FIND_LINKS=/wheels", container)
    if gcc:
        build("run", container, "ln", "-s", f"gcc-{gcc}", "/usr/local/bin/gcc")
        for name_, value in (("GLOBAL", "/zig/global"), ("LOCAL", "/zig/local")):
            build("config", "--env", f"ZIG_{name_}_CACHE_DIR={value}", container)
    build("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
    build("commit", "-q", container, f"localhost/{name}")
    build("rm", container)


def bud(build: Buildah, folder: Path, name: str, *options: str) -> str:
    """Build ``folder/Dockerfile``; no base is pulled. Raises `Unavailable` where a line of it fails."""
    zig = find_spec("ziglang")
    if zig is None or not zig.origin:
        raise Unavailable("the PyPI package ziglang is not installed")
    (cache_dir() / "zig").mkdir(exist_ok=True)
    mounts = (f"{Path(zig.origin).parent}:{ZIG}:ro", f"{cache_dir() / 'zig'}:/zig")
    volumes = [word for mount in mounts for word in ("-v", mount)]
    where = ("-t", name, "-f", str(folder / "Dockerfile"), str(folder))
    return build("bud", "--pull-never", "--layers", *volumes, *options, *where)


def test_the_file_of_the_repository_is_that_of_the_page() -> None:
    """One text at both places."""
    assert (REPOSITORY / "Dockerfile").read_text(encoding="utf-8") == files()["Dockerfile"]


def test_image_of_muslint(builder: Buildah, tmp_path: Path) -> None:
    """The image is built; its entrypoint judges a mounted directory with the exit code of the command."""
    write(tmp_path, "Dockerfile")
    bud(builder, tmp_path, "muslint")
    MADE["several"].lay(tmp_path)
    container = builder("from", "--pull-never", "localhost/muslint")
    said = builder("inspect", "--format", "{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.WorkingDir}}", container)
    assert said == "[muslint] /src"
    run_in = ("run", "-v", f"{tmp_path}:/src", container, "muslint", "check")
    assert "1 runs" in builder(*run_in, "two/app", "--on", "alpine:3.23")
    with pytest.raises(Unavailable, match="exit 1"):
        builder(*run_in, "one/app", "--on", "alpine:3.23")
    builder("rm", container)


def test_stage(builder: Buildah, tmp_path: Path) -> None:
    """A program for glibc stops the build at the check; built for musl the image is made, and what it starts runs."""
    (tmp_path / "hello.c").write_text('#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n')
    text = write(tmp_path, "multi-stage.Dockerfile").rename(tmp_path / "Dockerfile").read_text()
    bud(builder, tmp_path, "made", "--target", "build")
    with pytest.raises(Unavailable, match="exit 1"):
        bud(builder, tmp_path, "stopped")
    (tmp_path / "Dockerfile").write_text(text.replace("FROM gcc:14", "FROM musl-gcc:14"))
    bud(builder, tmp_path, "passed")
    names = builder("images", "--format", "{{.Name}}").split()
    assert "localhost/passed" in names
    assert "localhost/stopped" not in names
    with builder.mounted("localhost/passed") as root:
        done = subprocess.run(
            ["chroot", str(root), "/usr/local/bin/hello"],
            capture_output=True,
            text=True,
            timeout=RUN_LIMIT,
            check=False,
        )
    assert done.stdout == "hello\n"


def test_the_base_is_what_it_seems() -> None:
    """The Python of the base is new enough."""
    done = run(["chroot", str(debian()), "/usr/local/bin/python3", "--version"], timeout=RUN_LIMIT)
    assert done.startswith("Python 3.11.")
