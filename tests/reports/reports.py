"""Some twenty-five varied reports, made by judging small real sources: the fixtures of every validator."""

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from muslint.pipeline import check
from muslint.policy.baseline import Baseline
from muslint.policy.suppression import Suppressions, parse_suppressions
from muslint.policy.verdict import FailOn
from muslint.report.report import Report, joined, settled
from muslint.rules import rules
from tests.golden import sources
from tests.images.layout import Layout
from tests.support import compile as compiler
from tests.support.cache import REPOSITORY

TODAY = date(2027, 1, 31)
HOSTILE = (
    "a\"b<img src=x onerror=alert(1)>&'`*_[x](y)|=cmd\n::error::x\x1b[31m,%0A;é\u202e<" + "/script><script>alert(2).so"
)
"""A path with everything that some format could take for its own."""


@dataclass(frozen=True, slots=True)
class Made:
    """One report: how its files are laid, what is asked, and what the user decided."""

    lay: Callable[[Path], None]
    source: str
    on: str | None = "alpine:3.23"
    suppress: tuple[dict[str, Any], ...] = ()
    baseline: bool = False  # everything found is known
    fail_on: FailOn = FailOn.FAILS
    more: tuple[str, ...] = ()


def hostile(folder: Path) -> None:
    """An extension whose file name attacks every format, beside one whose name is no text."""
    (folder / "dist" / HOSTILE).parent.mkdir(parents=True)
    made = compiler.zig_cc(sources.GLIBC, [sources.OWN / "extension.c"], folder / "x.so", *sources.PLUGIN)
    (folder / "dist" / HOSTILE).write_bytes(made.read_bytes())
    with open(os.fsencode(folder / "dist") + b"/no-text-\xff\xfe.so", "wb") as stream:
        stream.write(made.read_bytes())
    with open(os.fsencode(folder / "dist") + b"/torn-\xff", "wb") as stream:
        stream.write(b"\x7fELF\x02\x01\x01" + bytes(40))


def several(folder: Path) -> None:
    """A program that fails beside one that runs, as two sources."""
    sources.program_fails(folder / "one")
    sources.program_runs(folder / "two")


def copies(folder: Path) -> None:
    """The same extension at two places: one fingerprint, two findings."""
    for place in ("a", "b"):
        (folder / "dist" / place).mkdir(parents=True)
    made = compiler.zig_cc(
        sources.GLIBC, [sources.OWN / "extension.c"], folder / "dist" / "a" / "x.so", *sources.PLUGIN
    )
    (folder / "dist" / "b" / "x.so").write_bytes(made.read_bytes())


def jar(folder: Path) -> None:
    """A zip archive with a program in it, under a name that says otherwise."""
    sources.program_fails(folder)
    with zipfile.ZipFile(folder / "app.jar", "w") as archive:
        archive.write(folder / "app", "bin/protoc.exe")


def packed(folder: Path) -> bytes:
    """A tar of everything below ``folder``, the same whenever it is made."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = info.mtime = 0
        info.uname = info.gname = ""
        return info

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, path.relative_to(folder).as_posix(), recursive=False, filter=plain)
    return out.getvalue()


def archive(folder: Path) -> None:
    """Archives in one another: a wheel beside a jar in a tar, compressed, in a zip; a name with quotes and a tag."""
    (folder / "inner").mkdir()
    sources.wheel(folder / "inner")
    jar(folder)
    (folder / "app.jar").rename(folder / "inner" / "app.jar")
    (folder / "app").rename(folder / "inner" / 'say "hi" <b>&.so')
    with zipfile.ZipFile(folder / "release.zip", "w") as outer:
        outer.writestr("linux/app.tar.gz", gzip.compress(packed(folder / "inner"), mtime=0))


def behaviour(folder: Path) -> None:
    """A program for glibc that loads on musl and prints something else there, beside one that fails too."""
    source = REPOSITORY / "fixtures" / "witness" / "iconv-translit-ignore" / "witness.c"
    (folder / "dist").mkdir()
    compiler.zig_cc(sources.GLIBC, [source], folder / "dist" / "convert.so", *sources.PLUGIN)
    sources.program_fails(folder / "dist")


def image(folder: Path) -> None:
    """An image of two layers with musl in the first: what it starts was built for glibc; a library is replaced."""
    _image(folder, Layout(folder / "image"), ("amd64",))


def images(folder: Path) -> None:
    """The same for two platforms."""
    _image(folder, Layout(folder / "image"), ("amd64", "arm64"))


def _image(folder: Path, layout: Layout, platforms: tuple[str, ...]) -> None:
    sources.root(folder)
    (folder / "app" / "srv").mkdir(parents=True)
    (folder / "rootfs" / "usr" / "bin" / "app").rename(folder / "app" / "srv" / "server")
    compiler.zig_cc(sources.GLIBC, [sources.OWN / "extension.c"], folder / "app" / "srv" / "x.so", *sources.PLUGIN)
    layers = [packed(folder / "rootfs"), packed(folder / "app")]
    history = [{"created_by": "ADD rootfs.tar /"}, {"created_by": "COPY <app> 'srv' /srv # buildkit"}]
    made = [
        layout.image(
            layers,
            {"architecture": name, "config": {"Entrypoint": ["/srv/server", "--port=1"]}, "history": history},
            platform={"os": "linux", "architecture": name},
        )
        for name in platforms
    ]
    layout.written(*made)


ACCEPT: tuple[dict[str, Any], ...] = (
    {"rule": "interpreter-missing", "reason": 'started through the loader; see <issue> & "quotes"'},
    {"symbol": "backtrace", "reason": "never called", "owner": "ops"},
)
WHEEL = "app-1.0-py3-none-linux_x86_64.whl"
MADE = {
    "program-fails": Made(sources.program_fails, "app"),
    "program-fails-musl": Made(sources.program_fails, "app", "musl:1.1.24"),
    "program-gcompat": Made(sources.program_fails, "app", "alpine:3.23+gcompat"),
    "program-runs": Made(sources.program_runs, "app"),
    "program-wall": Made(sources.program_wall, "wall"),
    "program-mute": Made(sources.program_mute, "app"),
    "program-accepted": Made(sources.program_fails, "app", suppress=ACCEPT),
    "program-partly-accepted": Made(sources.program_fails, "app", suppress=ACCEPT[1:]),
    "program-known": Made(sources.program_wall, "wall", baseline=True),
    "library-gone": Made(sources.library_gone, "app"),
    "directory": Made(sources.directory, "dist"),
    "directory-never": Made(sources.directory, "dist", fail_on=FailOn.NEVER),
    "wheel": Made(sources.wheel, WHEEL),
    "wheel-libstdcxx": Made(sources.wheel, WHEEL, "alpine:3.20+libstdc++", fail_on=FailOn.DIFFERS),
    "jar": Made(jar, "app.jar"),
    "lazy-plugin": Made(sources.lazy_plugin, "module.so", fail_on=FailOn.FAILS_ON_USE),
    "root": Made(sources.root, "rootfs", None),
    "nothing-readable": Made(sources.nothing, "dist"),
    "no-elf": Made(sources.empty, "dist"),
    "several": Made(several, "one", more=("two",)),
    "copies": Made(copies, "dist"),
    "hostile": Made(hostile, "dist"),
    "archive": Made(archive, "release.zip"),
    "behaviour": Made(behaviour, "dist", fail_on=FailOn.DIFFERS),
    "image": Made(image, "image", None),
    "image-accepted": Made(image, "image", None, suppress=ACCEPT),
    "images": Made(images, "image", None),
}
"""Every report by name."""


@cache
def report(name: str, jobs: int = 1) -> Report:
    """A report of that name, judged by ``jobs`` processes; raises `Unavailable` where its parts cannot be had."""
    made = MADE[name]
    before = os.getcwd()
    with TemporaryDirectory() as folder:
        try:
            os.chdir(folder)
            made.lay(Path(folder))
            reports = [check(source, made.on, jobs=jobs) for source in (made.source, *made.more)]
        finally:
            os.chdir(before)
    found = replace(joined(reports), fail_on=made.fail_on)
    known = [(f.fingerprint, f.object) for judged in found.objects for f in judged.findings]
    entries = parse_suppressions(list(made.suppress), "muslint.toml", [rule.id for rule in rules()])
    return settled(found, Suppressions(entries, TODAY), Baseline(known) if made.baseline else None)
