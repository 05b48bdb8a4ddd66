"""What a host has loaded before its plugins: glibc takes it by its soname, musl searches all the same."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from muslint import pipeline
from muslint.hosts.host import nearest
from muslint.hosts.jvm import HOST
from muslint.report.report import Judged
from muslint.rules.finding import Effect
from tests.support.cache import Unavailable
from tests.support.compile import zig_cc

JVM = "int JVM_Half(int number) { return number / 2; }"
PLUGIN = "int JVM_Half(int); int JNI_OnLoad(void) { return JVM_Half(84); }"
CHECKED = "#include <string.h>\n" + PLUGIN.replace("{", "{ char b[9]; __memcpy_chk(b, JNI_OnLoad, 9, 9);").replace(
    "int JVM_Half", "void *__memcpy_chk(void *, const void *, size_t, size_t); int JVM_Half", 1
)
PROGRAM = "int JVM_Half(int); int main(void) { return JVM_Half(0); }"
GLIBC, MUSL = "x86_64-linux-gnu.2.17", "x86_64-linux-musl"


def built(tree: Path, compiler: str, plugin: str = PLUGIN, home: str = "") -> None:
    """A JVM with a plugin and a program of its own below ``home``."""
    texts = tree.parent / "texts"
    texts.mkdir(exist_ok=True)
    for name, text in (("jvm.c", JVM), ("plugin.c", plugin), ("program.c", PROGRAM)):
        (texts / name).write_text(text)
    place = tree / home
    for folder in ("lib/server", "bin"):
        (place / folder).mkdir(parents=True)
    shared = ("-shared", "-fPIC", "-O0")
    try:
        jvm = zig_cc(compiler, [texts / "jvm.c"], place / "lib/server/libjvm.so", *shared, "-Wl,-soname,libjvm.so")
    except Unavailable as error:
        pytest.skip(f"not checked here: a JVM with a plugin: {error}")
    zig_cc(compiler, [texts / "plugin.c", jvm], place / "lib/libhalf.so", *shared)
    zig_cc(compiler, [texts / "program.c", jvm], place / "bin/app")


def lacking(objects: Iterable[Judged]) -> set[str]:
    """What does not find the JVM."""
    return {
        str(judged.path)
        for judged in objects
        if any(f.library == "libjvm.so" or "libjvm.so" in f.message for f in judged.findings)
    }


@pytest.mark.parametrize(
    ("target", "missing"), [("debian:12", {"bin/app"}), ("alpine:3.23", {"bin/app", "lib/libhalf.so"})]
)
def test_a_plugin_of_the_jvm(target: str, missing: set[str], tmp_path: Path) -> None:
    """libjvm.so lies where no loader looks. A program of its own needs it there."""
    built(tmp_path / "tree", GLIBC)
    assert lacking(pipeline.check(f"dir:{tmp_path / 'tree'}", on=target).objects) == missing


def test_remedies_are_tried_with_the_jvm_loaded(tmp_path: Path) -> None:
    """On an image with glibc the plugin finds the JVM that is loaded before it, as the verdict there has it."""
    built(tmp_path / "tree", GLIBC, CHECKED)
    objects = pipeline.check(f"dir:{tmp_path / 'tree'}", on="alpine:3.23").objects
    (plugin,) = [judged for judged in objects if judged.path == "lib/libhalf.so"]
    images = [way for way in plugin.remedies if way.kind == "image"]
    assert [(way.effect, way.remains) for way in images] == [(Effect.CURES, ())]


def test_a_plugin_of_a_jvm_built_for_musl(tmp_path: Path) -> None:
    """Its launcher names the JVM's directory in LD_LIBRARY_PATH and starts itself again; other programs do not."""
    built(tmp_path / "tree", MUSL)
    objects = pipeline.check(f"dir:{tmp_path / 'tree'}", on="alpine:3.23").objects
    assert lacking(objects) == {"bin/app"}
    (plugin,) = [judged for judged in objects if judged.path == "lib/libhalf.so"]
    assert (str(plugin.verdict), list(plugin.findings)) == ("runs", [])
    name, path, _, how = next(row for row in plugin.loaded if row[0] == "libjvm.so")
    assert (name, path, how) == ("libjvm.so", "lib/server/libjvm.so", "library path")


def test_of_several_the_nearest_is_loaded(tmp_path: Path) -> None:
    """Two JVMs in one tree, the first of which lacks the function: each plugin is loaded by its own."""
    built(tmp_path / "tree", GLIBC, home="opt/b")
    (tmp_path / "other.c").write_text("int JVM_Other;")
    (tmp_path / "tree/opt/a/lib/server").mkdir(parents=True)
    flags = ("-shared", "-fPIC", "-Wl,-soname,libjvm.so")
    zig_cc(GLIBC, [tmp_path / "other.c"], tmp_path / "tree/opt/a/lib/server/libjvm.so", *flags)
    objects = pipeline.check(f"dir:{tmp_path / 'tree'}", on="debian:12").objects
    (plugin,) = [judged for judged in objects if judged.path == "opt/b/lib/libhalf.so"]
    assert str(plugin.verdict) == "runs"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/opt/b/lib/libawt.so", "/opt/b/lib/server/libjvm.so"),
        ("/opt/bc/lib/libawt.so", "/opt/a/lib/server/libjvm.so"),  # directories count, not characters
        ("/srv/libown.so", "/opt/a/lib/server/libjvm.so"),
    ],
)
def test_nearest(path: str, found: str) -> None:
    """The most leading directories in common; the first by its path where several have as many."""
    assert nearest(path, ["/opt/b/lib/server/libjvm.so", "/opt/a/lib/server/libjvm.so"]) == found


def test_what_a_launcher_sets() -> None:
    """The directory of the JVM, lib, and lib beside the JRE (java_md.c, CreateExecutionEnvironment)."""
    assert HOST.library_path("/opt/jdk/lib/server/libjvm.so") == "/opt/jdk/lib/server:/opt/jdk/lib:/opt/lib"
