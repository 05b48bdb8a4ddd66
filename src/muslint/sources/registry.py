"""Images that lie elsewhere: in a registry, in the Docker daemon, in podman's store. skopeo fetches them.

Nothing here opens a connection: skopeo copies the image into an OCI layout in a temporary directory, with the
credentials and settings it finds itself (containers-auth.json(5), containers-registries.conf(5)).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile

from muslint.errors import UnreadableSource
from muslint.sources.limits import Limits
from muslint.sources.oci_layout import open_layout
from muslint.sources.source import Source

PULL_LIMIT = 1800.0
"""Seconds that skopeo may take."""

_INSECURE = re.compile(r"HTTP response to HTTPS client|x509|certificate|first record does not look like a TLS")
_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?")
_MESSAGE = re.compile(r'level=fatal msg="((?:[^"\\]|\\.)*)"')


class Elsewhere:
    """``registry:NAME``, ``docker://NAME``, ``docker-daemon:NAME``, ``podman:NAME``, ``containers-storage:NAME``."""

    order, elsewhere = 6, True

    def __init__(self, scheme: str, transport: str, where: str) -> None:
        """``transport`` is skopeo's own name for it, ``where`` what people call it."""
        self.scheme, self._transport, self._where = scheme, transport, where

    def accepts(self, path: str, scheme: str | None) -> bool:  # noqa: ARG002
        """By the scheme alone: no connection is made without one."""
        return scheme == self.scheme

    def open(self, path: str, name: str, limits: Limits) -> Source:
        """Fetch the image and read it; what was fetched is gone before this returns, whatever happens."""
        reference = path.removeprefix("//")
        if not reference:
            raise UnreadableSource(f"{name}: name an image, as in {self.scheme}:alpine:3.23")
        if self._transport == "docker-daemon:" and ":" not in reference.rpartition("/")[2]:
            reference += ":latest"
        with tempfile.TemporaryDirectory(prefix="muslint-") as folder:
            layout = f"{folder}/image"
            error = self._copy(reference, layout, limits, [])
            if error and _INSECURE.search(error) and _is_loopback(self._transport, reference):
                error = self._copy(reference, layout, limits, ["--src-tls-verify=false"])
            if error:
                raise UnreadableSource(f"{name}: {error}")
            return open_layout(layout, name, limits, passing=True)

    def _copy(self, reference: str, layout: str, limits: Limits, options: list[str]) -> str:
        """Have skopeo copy the image; what it says went wrong, "" when nothing did."""
        skopeo = shutil.which("skopeo")
        if skopeo is None:
            raise UnreadableSource(
                f"{self._transport}{reference}: skopeo is not installed: apt-get install skopeo, "
                "or save the image: docker save IMAGE -o image.tar"
            )
        command = [skopeo, *_overrides(limits.platform), "copy", "--quiet", "--dest-oci-accept-uncompressed-layers"]
        command += [*([] if limits.platform else ["--all"]), *options, f"{self._transport}{reference}", f"oci:{layout}"]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PULL_LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return f"skopeo took more than {PULL_LIMIT:.0f} s"
        except OSError as error:
            return f"skopeo cannot be started: {error.strerror}"
        return "" if done.returncode == 0 else f"{self._where}: {said_by(done.stderr.decode('utf-8', 'replace'))}"


def said_by(stderr: str) -> str:
    """What skopeo says went wrong, in one line."""
    fatal = _MESSAGE.search(stderr)
    text = fatal[1].replace('\\"', '"').replace("\\n", " ") if fatal else stderr
    text = re.sub(r"^(initializing source|reading manifest) [^ ]+: ", "", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"skopeo says: {lines[-1][:400]}" if lines else "skopeo failed without a word"


def _overrides(platform: str | None) -> list[str]:
    """The options that choose one platform of several."""
    options: list[str] = []
    for name, part in zip(("os", "arch", "variant"), platform.split("/") if platform else ()):
        options += [f"--override-{name}", part]
    return options


def _is_loopback(transport: str, reference: str) -> bool:
    return transport == "docker://" and _LOOPBACK.fullmatch(reference.partition("/")[0]) is not None


SOURCES = (
    Elsewhere("registry", "docker://", "the registry"),
    Elsewhere("docker", "docker://", "the registry"),
    Elsewhere("docker-daemon", "docker-daemon:", "the Docker daemon"),
    Elsewhere("podman", "containers-storage:", "podman's store"),
    Elsewhere("containers-storage", "containers-storage:", "the store"),
)
