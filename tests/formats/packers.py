"""Every way the tree is packed: by the real tool of each format, or by its documented recipe where there is none."""

import gzip
import hashlib
import io
import os
import shutil
import struct
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from tests.formats import corpus
from tests.support import roots
from tests.support.cache import Unavailable, built, recipe_key

TIMEOUT = 300.0  # seconds for one tool

Pack = Callable[[Path, Path], None]
"""(tree, file to make)."""


@dataclass(frozen=True, slots=True)
class Packer:
    """One format as one tool writes it."""

    name: str
    kind: str  # what muslint calls it
    tools: tuple[str, ...]
    pack: Pack
    links: bool = True  # it keeps symbolic and hard links
    ordered: bool = True  # its members lie in it one after another, so that a part of it can be read
    stored: bool = False  # they lie there as they are
    top: str = ""  # what it puts in front of every path

    def made(self) -> Path:
        """The archive, made once; raises Unavailable without its tool."""
        for tool in self.tools:
            if not shutil.which(tool):
                raise Unavailable(f"{self.name}: {tool} is not installed")
        tree = self.tree()
        name = self.name if corpus.FULL else f"{self.name}-few"
        folder = built("formats", name, recipe_key(tree.name, 4), lambda part: self.pack(tree, part / "packed"))
        return folder / "packed"

    def tree(self) -> Path:
        """The tree that it packs."""
        return corpus.tree() if self.links else corpus.plain_tree()


def tool(command: Sequence[str | Path], cwd: Path, given: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    """Run a packer's tool; raises AssertionError with its words when it fails."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, input=given, capture_output=True, timeout=TIMEOUT, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
    )  # fmt: skip
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode(errors='replace')[-500:]}"
    return done.stdout


def listing(tree: Path) -> list[str]:
    """Every path of the tree, a directory before what it holds, as ``find`` would print them."""
    return sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))


# --- tar ----------------------------------------------------------------------------------------------------


def _tar(*options: str) -> Pack:
    return lambda tree, out: _quiet(tool(["tar", *options, "-cf", out, "opt"], tree))


def _bsdtar(*options: str) -> Pack:
    return lambda tree, out: _quiet(tool(["bsdtar", *options, "-cf", out, "opt"], tree))


def _quiet(_: object) -> None:
    """A tool's output is of no interest."""


def _tars() -> Iterator[Packer]:
    for form in ("v7", "ustar", "gnu", "pax"):
        yield Packer(f"tar-{form}", "tar", ("tar",), _tar(f"--format={form}"), stored=True)
    for form in ("ustar", "pax", "gnutar"):
        yield Packer(f"bsdtar-{form}", "tar", ("bsdtar",), _bsdtar("--format", form), stored=True)
    for name, option, needed in (
        ("gz", "--gzip", "gzip"), ("bz2", "--bzip2", "bzip2"), ("xz", "--xz", "xz"), ("lzma", "--lzma", "xz"),
        ("zst", "--zstd", "zstd"),
    ):  # fmt: skip
        yield Packer(f"tar-{name}", "tar", ("tar", needed), _tar(option))
        yield Packer(f"bsdtar-{name}", "tar", ("bsdtar",), _bsdtar(option))


# --- zip ----------------------------------------------------------------------------------------------------


def _zip(*command: str) -> Pack:
    # The tools put a suffix behind a name that has none.
    def pack(tree: Path, out: Path) -> None:
        tool([*command, f"{out}.zip", "opt"], tree)
        Path(f"{out}.zip").rename(out)

    return pack


def _jmod(tree: Path, out: Path) -> None:
    folder = out.with_name("module")
    folder.mkdir()
    (folder / "module-info.java").write_text("module app {}\n")
    tool(["javac", "module-info.java"], folder)
    tool(["jmod", "create", "--class-path", folder, "--libs", tree, out.with_suffix(".jmod")], folder)
    out.with_suffix(".jmod").rename(out)
    shutil.rmtree(folder)


def _zips() -> Iterator[Packer]:
    yield Packer("zip", "zip", ("zip",), _zip("zip", "-q", "-r", "-y"))
    yield Packer("zip-stored", "zip", ("zip",), _zip("zip", "-q", "-r", "-y", "-0"), stored=True)
    for method in ("Deflate", "BZip2", "LZMA", "Copy"):
        # The file's time is one that zip can say; what 7z makes of links is a copy.
        yield Packer(f"zip-7z-{method.lower()}", "zip", ("7z",), _zip("7z", "a", "-tzip", f"-mm={method}"), links=False)
    yield Packer("jar", "jar", ("jar",), _zip("jar", "cf"), links=False)
    yield Packer("jmod", "zip", ("jmod", "javac"), _jmod, links=False, top="lib/")


# --- cpio and ar --------------------------------------------------------------------------------------------


def _cpio(form: str, *names: str) -> Pack:
    def pack(tree: Path, out: Path) -> None:
        out.write_bytes(_cpio_bytes(form, tree, names or listing(tree)))

    return pack


def _cpio_bytes(form: str, tree: Path, names: Sequence[str]) -> bytes:
    return tool(["cpio", "-o", "-H", form, "--quiet"], tree, "\n".join(names).encode())


def _initramfs(tree: Path, out: Path) -> None:
    """An uncompressed archive, padding, and a compressed one, as an initramfs with microcode in front."""
    names = listing(tree)
    early = _cpio_bytes("newc", tree, names[: len(names) // 2])
    late = _cpio_bytes("newc", tree, names[len(names) // 2 :])
    out.write_bytes(early + bytes(4096) + gzip.compress(late, 1, mtime=0))


def _ar(tree: Path, out: Path) -> None:
    tool(["ar", "qcSP", out, *corpus.files(tree)], tree)


def _bsd_ar(tree: Path, out: Path) -> None:
    """BSD's long names (``#1/LENGTH``): no tool at hand writes them with paths."""
    parts = [b"!<arch>\n"]
    for name in corpus.files(tree):
        said, data = name.encode() + bytes(-len(name.encode()) % 8), (tree / name).read_bytes()
        size = len(said) + len(data)
        parts.append(f"{f'#1/{len(said)}':16}{0:<12}{0:<6}{0:<6}{0o100644:<8o}{size:<10}`\n".encode())
        parts += [said, data, b"\n" * (size & 1)]
    out.write_bytes(b"".join(parts))


def _cpios() -> Iterator[Packer]:
    for form in ("newc", "crc", "odc", "bin", "hpbin", "hpodc"):
        yield Packer(f"cpio-{form}", "cpio", ("cpio",), _cpio(form), stored=True)
    for form in ("newc", "odc", "bin"):
        yield Packer(f"bsdtar-cpio-{form}", "cpio", ("bsdtar",), _bsdtar("--format", form), stored=True)
    yield Packer("initramfs", "cpio", ("cpio",), _initramfs)
    yield Packer("ar", "ar", ("ar",), _ar, links=False, stored=True)
    yield Packer("ar-bsd", "ar", (), _bsd_ar, links=False, stored=True)


# --- packages of distributions ------------------------------------------------------------------------------

CONTROL = "Package: app\nVersion: 1.0\nArchitecture: amd64\nMaintainer: Nobody <nobody@example.org>\nDescription: x\n"


def _deb(compression: str) -> Pack:
    def pack(tree: Path, out: Path) -> None:
        folder = _copied(tree, out)
        (folder / "DEBIAN").mkdir()
        (folder / "DEBIAN" / "control").write_text(CONTROL)
        tool(["dpkg-deb", f"-Z{compression}", "--root-owner-group", "-b", folder, out], tree)
        shutil.rmtree(folder)

    return pack


def _old_deb(suffix: str, *compressor: str) -> Pack:
    """A package as dpkg once wrote it: bzip2 and lzma."""

    def pack(tree: Path, out: Path) -> None:
        folder = out.with_name("parts")
        folder.mkdir()
        (folder / "debian-binary").write_text("2.0\n")
        (folder / "control").write_text(CONTROL)
        tool(["tar", "-czf", "control.tar.gz", "./control"], folder)
        packed = tool(compressor, folder, tool(["tar", "-c", "./opt"], tree))
        (folder / f"data.tar.{suffix}").write_bytes(packed)
        tool(["ar", "qcS", out, "debian-binary", "control.tar.gz", f"data.tar.{suffix}"], folder)
        shutil.rmtree(folder)

    return pack


SPEC = """Name: app
Version: 1.0
Release: 1
Summary: x
License: none
AutoReqProv: no
%description
x
%install
mkdir -p %{buildroot}; cp -a %{_tree}/opt %{buildroot}/
%files
/opt/app
"""


def _rpm(payload: str) -> Pack:
    def pack(tree: Path, out: Path) -> None:
        top = out.with_name("rpmbuild")
        top.mkdir()
        (top / "app.spec").write_text(SPEC)
        defined = {
            "_topdir": top, "_tree": tree, "_binary_payload": payload, "_build_id_links": "none",
            "__os_install_post": "%{nil}", "_rpmdir": top / "out", "_arch": "x86_64",
        }  # fmt: skip
        options = [word for name, value in defined.items() for word in ("--define", f"{name} {value}")]
        tool(["rpmbuild", "-bb", "--quiet", *options, top / "app.spec"], top)
        next(iter((top / "out").rglob("*.rpm"))).rename(out)
        shutil.rmtree(top)

    return pack


def _copied(tree: Path, out: Path) -> Path:
    folder = out.with_name("copied")
    shutil.copytree(tree, folder, symlinks=True)
    hard, first = folder / corpus.APP / "bin" / "hello-again", folder / corpus.APP / "debian amd64" / "hello"
    hard.unlink()
    os.link(first, hard)
    return folder


def _apk2(tree: Path, out: Path) -> None:
    """abuild's recipe: a signature, the metadata and the files, each a gzip member of its own."""
    info = b"pkgname = app\npkgver = 1.0-r0\narch = x86_64\n"
    signature = _segment({".SIGN.RSA.nobody.rsa.pub": bytes(256)})
    control = _segment({".PKGINFO": info, ".post-install": b"#!/bin/sh\n"})
    data = tool(["tar", "--format=pax", "--pax-option=globexthdr.name=x,comment=y", "-c", "opt"], tree)
    out.write_bytes(signature + control + gzip.compress(data, 6, mtime=0))


def _segment(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        end = archive.offset
    return gzip.compress(raw.getvalue()[:end], 6, mtime=0)  # no end blocks: what follows is of the same tar


def _apk3(*options: str) -> Pack:
    """Alpine's own ``apk mkpkg``, in its own root."""

    def pack(tree: Path, out: Path) -> None:
        root = out.with_name("root")
        root.mkdir()
        roots.linked_copy(roots.alpine("x86_64"), root)
        shutil.copytree(tree, root / "srv" / "files", symlinks=True)
        hard = root / "srv" / "files" / corpus.APP / "bin" / "hello-again"
        hard.unlink()
        os.link(hard.parents[1] / "debian amd64" / "hello", hard)
        inside = ["apk", "mkpkg", *options, "-I", "name:app", "-I", "version:1.0-r0", "-I", "arch:x86_64"]
        command = [*inside, "-F", "/srv/files", "-o", "/srv/app.apk"]
        enter = ["chroot", root] if os.geteuid() == 0 else ["unshare", "-r", "chroot", root]
        tool([*enter, *command], tree, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        shutil.copyfile(root / "srv" / "app.apk", out)
        shutil.rmtree(root)

    return pack


def _packages() -> Iterator[Packer]:
    for compression in ("gzip", "xz", "zstd", "none"):
        stored = compression == "none"
        yield Packer(f"deb-{compression}", "deb", ("dpkg-deb",), _deb(compression), stored=stored)
    yield Packer("deb-bzip2", "deb", ("ar", "bzip2"), _old_deb("bz2", "bzip2"))
    yield Packer("deb-lzma", "deb", ("ar", "xz"), _old_deb("lzma", "xz", "--format=lzma"))
    for name, payload in (
        ("gzip", "w6.gzdio"), ("zstd", "w3.zstdio"), ("xz", "w2.xzdio"), ("bzip2", "w9.bzdio"), ("lzma", "w2.lzdio"),
    ):  # fmt: skip
        yield Packer(f"rpm-{name}", "rpm", ("rpmbuild",), _rpm(payload))
    yield Packer("apk-2", "apk", ("tar",), _apk2)
    yield Packer("apk-3", "apk", ("unshare",), _apk3())
    yield Packer("apk-3-none", "apk", ("unshare",), _apk3("--compression", "none"), stored=True)


# --- packages of languages ----------------------------------------------------------------------------------

GEMSPEC = """Gem::Specification.new do |s|
  s.name = 'app'; s.version = '1.0'; s.summary = 'x'; s.description = 'xx'; s.authors = ['x']
  s.homepage = 'https://example.org'; s.license = 'MIT'; s.platform = 'x86_64-linux'
  s.files = Dir['opt/**/*'].reject { |path| File.directory?(path) }
end
"""


def _gem(tree: Path, out: Path) -> None:
    folder = out.with_name("copied")
    shutil.copytree(tree, folder)
    (folder / "app.gemspec").write_text(GEMSPEC)
    tool(["gem", "build", "app.gemspec", "-o", out], folder)
    shutil.rmtree(folder)


def _gem_by_tar(tree: Path, out: Path) -> None:
    folder = out.with_name("parts")
    folder.mkdir()
    (folder / "metadata.gz").write_bytes(gzip.compress(b"--- !ruby/object:Gem::Specification\n", mtime=0))
    tool(["tar", "-czf", folder / "data.tar.gz", "opt"], tree)
    (folder / "checksums.yaml.gz").write_bytes(gzip.compress(b"---\n", mtime=0))
    members = ["metadata.gz", "data.tar.gz", "checksums.yaml.gz"]
    tool(["tar", "--format=ustar", "-cf", out, *members], folder)
    shutil.rmtree(folder)


def _npm(tree: Path, out: Path) -> None:
    folder = out.with_name("copied")
    shutil.copytree(tree, folder)
    (folder / "package.json").write_text('{"name": "app", "version": "1.0.0", "files": ["opt"]}\n')
    tool(["npm", "pack", "--offline", "--silent"], folder, env={"npm_config_cache": str(out.with_name("npm"))})
    next(iter(folder.glob("*.tgz"))).rename(out)
    shutil.rmtree(folder)
    shutil.rmtree(out.with_name("npm"), ignore_errors=True)


def _languages() -> Iterator[Packer]:
    yield Packer("gem", "gem", ("gem",), _gem, links=False)
    yield Packer("gem-by-tar", "gem", ("tar",), _gem_by_tar)
    yield Packer("npm", "npm", ("npm",), _npm, links=False, top="package/")


# --- file systems -------------------------------------------------------------------------------------------


def _squashfs(*options: str) -> Pack:
    always = ["-quiet", "-no-progress", "-noappend", "-all-root", "-processors", "1"]
    return lambda tree, out: _quiet(tool(["mksquashfs", tree, out, *always, *options], tree))


def _iso(tree: Path, out: Path) -> None:
    tool(["genisoimage", "-quiet", "-R", "-o", out, tree], tree)


def _zisofs(tree: Path, out: Path) -> None:
    """The compressed form, as ``mkzftree`` writes it, which few distributions still have."""
    folder = out.with_name("compressed")
    shutil.copytree(tree, folder, symlinks=True)
    for name in corpus.files(folder):
        path = folder / name
        data = path.read_bytes()
        blocks = [zlib.compress(data[at : at + 0x8000]) for at in range(0, len(data), 0x8000)]
        places = list(accumulate((len(block) for block in blocks), initial=16 + 4 * (len(blocks) + 1)))
        head = struct.pack("<8sIBBH", bytes.fromhex("37e45396c9dbd607"), len(data), 4, 15, 0)
        path.write_bytes(head + struct.pack(f"<{len(places)}I", *places) + b"".join(blocks))
    tool(["genisoimage", "-quiet", "-R", "-z", "-o", out, folder], tree)
    shutil.rmtree(folder)


def _file_systems() -> Iterator[Packer]:
    for compression in ("gzip", "xz", "zstd", "lz4", "lzo", "lzma"):
        pack = _squashfs("-comp", compression)
        yield Packer(f"squashfs-{compression}", "squashfs", ("mksquashfs",), pack, ordered=False)
    bcj = _squashfs("-comp", "xz", "-Xbcj", "x86", "-b", "1M")
    yield Packer("squashfs-xz-bcj", "squashfs", ("mksquashfs",), bcj, ordered=False)
    yield Packer("iso", "iso9660", ("genisoimage",), _iso)
    yield Packer("iso-zisofs", "iso9660", ("genisoimage",), _zisofs)
    bare = _squashfs("-no-fragments", "-noI", "-noD", "-noF", "-noX")
    yield Packer("squashfs-none", "squashfs", ("mksquashfs",), bare, ordered=False)


PACKERS = {
    packer.name: packer
    for packer in (*_tars(), *_zips(), *_cpios(), *_packages(), *_languages(), *_file_systems())
}  # fmt: skip


def digest(data: bytes) -> str:
    """A file's content in few characters."""
    return hashlib.sha256(data).hexdigest()[:16]
