"""Cached downloads through the ordinary clients: apt, pip and npm.

Each function returns paths in the cache and raises `Unavailable` for what cannot be had. Debian moves on, so
its packages are asked for by name and suite; everything from PyPI and npm is pinned by name, version and hash.
"""

import base64
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from .cache import Unavailable, cache_dir, locked, recipe_key, run

SUITES = ("bullseye", "bookworm", "trixie", "sid")

APT_TIMEOUT = 900.0
PIP_TIMEOUT = 900.0
NPM_TIMEOUT = 180.0

DEFAULT_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


# --- Debian -----------------------------------------------------------------------------------------------


def _deb822(text: str) -> Iterable[dict[str, str]]:
    """The paragraphs of an apt ``.sources`` file, keys in lower case, comments dropped."""
    for paragraph in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in paragraph.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[key] = f"{fields.get(key, '')} {line.strip()}"
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        if fields:
            yield fields


def _one_line(text: str) -> Iterable[dict[str, str]]:
    """The entries of an apt ``.list`` file in the shape of `_deb822`."""
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)", line)
        if match:
            options = dict(item.split("=", 1) for item in (match[1] or "").split() if "=" in item)
            yield {
                "types": "deb",
                "uris": match[2],
                "suites": match[3],
                "signed-by": options.get("signed-by", ""),
            }


@cache
def debian_mirror() -> tuple[str, str]:
    """The mirror and keyring this machine itself uses for Debian, read from its apt sources.

    ``MUSLINT_TEST_DEBIAN_MIRROR`` names another mirror, for machines that are not Debian.
    """
    override = os.environ.get("MUSLINT_TEST_DEBIAN_MIRROR")
    if override:
        return override.rstrip("/"), DEFAULT_KEYRING
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for file in files:
        if not file.is_file() or file.suffix not in (".list", ".sources"):
            continue
        text = file.read_text(errors="replace")
        for entry in _deb822(text) if file.suffix == ".sources" else _one_line(text):
            uri = entry.get("uris", "").split(" ")[0].rstrip("/")
            # The archive itself, not its security or backports sections, serves every suite.
            if "deb" in entry.get("types", "").split() and urlsplit(uri).path.endswith("/debian"):
                keyring = entry.get("signed-by", "")
                return uri, keyring if keyring.startswith("/") else DEFAULT_KEYRING
    raise Unavailable("no Debian mirror in this machine's apt sources")


class _Apt:
    """A private apt for one suite and architecture: own lists, status, sources; the system's network settings."""

    def __init__(self, suite: str, arch: str) -> None:
        if suite not in SUITES:
            raise ValueError(f"unknown Debian suite {suite!r}")
        self.suite, self.arch = suite, arch
        self.label = f"{suite}-{arch}"
        self.folder = cache_dir() / "apt" / self.label
        self.debs = cache_dir() / "debs" / self.label

    def options(self) -> list[str]:
        settings = {
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State": self.folder,
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "APT::Architecture": self.arch,
            "APT::Architectures": self.arch,
            "APT::Sandbox::User": "root",
            "Acquire::GzipIndexes": "true",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Acquire::http::Timeout": "30",
        }
        return [item for key, value in settings.items() for item in ("-o", f"{key}={value}")]

    def lists_there(self) -> bool:
        return any((self.folder / "lists").glob("*_Packages*"))

    def update(self) -> None:
        """Fetch the package lists, signature checked; unsigned only where the keyring lacks the suite's key."""
        mirror, keyring = debian_mirror()
        for folder in (self.folder / "lists" / "partial", self.folder / "cache" / "archives" / "partial", self.debs):
            folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        sources = self.folder / "sources.list"
        sources.write_text(f"deb [signed-by={keyring}] {mirror} {self.suite} main\n")
        command = ["apt-get", "-q", *self.options(), "update"]
        try:
            run(command, timeout=APT_TIMEOUT)
        except Unavailable as error:
            if "NO_PUBKEY" not in error.reason and "not signed" not in error.reason:
                raise
            sources.write_text(f"deb [trusted=yes] {mirror} {self.suite} main\n")
            run(command, timeout=APT_TIMEOUT)
        if not self.lists_there():
            raise Unavailable(f"Debian {self.label}: the mirror gave no package list")

    def known_names(self) -> frozenset[str]:
        return frozenset(run(["apt-cache", *self.options(), "pkgnames"], timeout=60).split())

    def file_names(self, names: Sequence[str]) -> dict[str, tuple[str, int]]:
        """For each package its .deb file name and size in bytes, as the lists have it."""
        printed = run(["apt-get", "-q", *self.options(), "download", "--print-uris", *names], timeout=120)
        found = {}
        for match in re.finditer(r"^'[^']*' (\S+) (\d+)", printed, re.MULTILINE):
            found[match[1].split("_", 1)[0]] = (match[1], int(match[2]))
        return found

    def download(self, names: Sequence[str]) -> dict[str, Path]:
        """Every named package as a .deb in the cache; apt checks size and hash of what it fetches."""
        files = self.file_names(names)
        missing = [name for name in names if not self._have(files[name])]
        for start in range(0, len(missing), 40):
            chunk = missing[start : start + 40]
            run(["apt-get", "-q", *self.options(), "download", *chunk], timeout=APT_TIMEOUT, cwd=self.debs)
        return {name: self.debs / files[name][0] for name in names}

    def _have(self, file: tuple[str, int]) -> bool:
        path = self.debs / file[0]
        return path.is_file() and path.stat().st_size == file[1]


def debian_packages(wanted: Iterable[str], suite: str, arch: str) -> dict[str, Path]:
    """The .deb files of those ``wanted`` packages the suite has, by the name that was found.

    A wanted entry may offer alternatives, ``libssl3t64|libssl3``; the first known one is taken, and
    ``NAME`` also stands for its 64-bit-time_t successor ``NAMEt64``. Unknown names are left out.
    """
    apt = _Apt(suite, arch)
    with locked(f"apt-{apt.label}"):
        if not apt.lists_there():
            apt.update()
        for attempt in (1, 2):
            known = apt.known_names()
            names = [name for entry in wanted if (name := _first_known(entry, known))]
            if not names:
                return {}
            try:
                return apt.download(list(dict.fromkeys(names)))
            except (Unavailable, KeyError):
                # The suite moved on since the lists were fetched: its old files are gone.
                if attempt == 2:
                    raise
                apt.update()
    raise AssertionError("unreachable")


def _first_known(entry: str, known: frozenset[str]) -> str | None:
    for name in entry.split("|"):
        for candidate in (name, f"{name}t64"):
            if candidate in known:
                return candidate
    return None


def debian_package(name: str, suite: str, arch: str) -> Path:
    """The .deb of one package, e.g. ``debian_package("musl", "trixie", "arm64")``."""
    found = debian_packages([name], suite, arch)
    if not found:
        raise Unavailable(f"Debian {suite} has no package {name} for {arch}")
    return next(iter(found.values()))


def unpack_debs(debs: Iterable[Path], root: Path) -> None:
    """Unpack .deb files below ``root`` as dpkg would: directory symlinks already there (merged /usr) are kept."""
    for deb in debs:
        # `dpkg-deb -x` would replace such a symlink by a directory, so its tar is taken instead. Device nodes
        # do not occur; ownership is not restored for a user who cannot.
        script = 'dpkg-deb --fsys-tarfile "$1" | tar -x -p --keep-directory-symlink --no-same-owner -C "$2" -f -'
        run(["bash", "-o", "pipefail", "-c", script, "bash", str(deb), str(root)], timeout=300)


# --- PyPI -------------------------------------------------------------------------------------------------


def _sha256(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def pypi_file(name: str, version: str, filename: str, sha256: str) -> Path:
    """One wheel, pinned by file name and hash, for whatever platform its name says."""
    target = cache_dir() / "wheels" / filename
    if target.is_file() and _sha256(target) == sha256:
        return target
    target.parent.mkdir(exist_ok=True)
    python_tag, abi, platforms = filename.removesuffix(".whl").split("-")[-3:]
    number = re.fullmatch(r"cp3(\d+)", python_tag)
    # An abi3 wheel fits every later Python; the newest one its metadata may ask for is a safe choice.
    minor = number[1] if number and abi.startswith("cp3") else "13"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--python-version", f"3.{minor}", "--implementation", "cp"]
    command += [item for tag in platforms.split(".") for item in ("--platform", tag)]
    command += [item for tag in (abi, "abi3", "none") for item in ("--abi", tag)]
    with locked(f"pypi-{filename}"):
        requirement = target.parent / f"{recipe_key(filename)}.txt"
        requirement.write_text(f"{name}=={version} --hash=sha256:{sha256}\n")
        try:
            run([*command, "-d", str(target.parent), "-r", str(requirement)], timeout=PIP_TIMEOUT)
        except Unavailable as error:
            raise Unavailable(f"PyPI {filename}: {error.reason}") from None
        finally:
            requirement.unlink()
    if not target.is_file() or _sha256(target) != sha256:
        raise Unavailable(f"PyPI {filename}: not the file that was pinned")
    return target


def virtualenv(name: str, requirements: Sequence[str]) -> Path:
    """The Python of a virtual environment holding exactly ``requirements`` (lines with ``--hash``)."""
    folder = cache_dir() / "venvs" / f"{name}-{recipe_key(*requirements, sys.version_info[:2])}"
    python = folder / "bin" / "python"
    with locked(f"venv-{folder.name}"):
        if not (folder / "complete").is_file():
            run([sys.executable, "-m", "venv", "--clear", str(folder)], timeout=120)
            wanted = folder / "requirements.txt"
            wanted.write_text("\n".join(requirements) + "\n")
            command = [str(python), "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check"]
            run([*command, "-r", str(wanted)], timeout=PIP_TIMEOUT)
            (folder / "complete").touch()
    return python


# --- npm --------------------------------------------------------------------------------------------------


def npm_package(name: str, version: str, integrity: str) -> Path:
    """The .tgz of one npm package; ``integrity`` is npm's own ``sha512-BASE64`` string."""
    folder = cache_dir() / "npm" / f"{name.replace('/', '__')}-{version}"
    with locked(f"npm-{folder.name}"):
        if not any(folder.glob("*.tgz")):
            folder.mkdir(parents=True, exist_ok=True)
            run(["npm", "pack", "--silent", f"{name}@{version}"], timeout=NPM_TIMEOUT, cwd=folder)
        archive = next(folder.glob("*.tgz"), None)
        if archive is None:
            raise Unavailable(f"npm {name}@{version}: nothing came")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != integrity:
            archive.unlink()
            raise Unavailable(f"npm {name}@{version}: not the file that was pinned")
    return archive
