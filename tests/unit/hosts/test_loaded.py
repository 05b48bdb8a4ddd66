"""What a host has loaded before its plugins: glibc takes it by its soname, musl searches all the same."""

from pathlib import Path

import pytest

from muslint import pipeline
from tests.support.compile import zig_cc

JVM = "int JVM_Half(int number) { return number / 2; }"
PLUGIN = "int JVM_Half(int); int JNI_OnLoad(void) { return JVM_Half(84); }"
PROGRAM = "int JVM_Half(int); int main(void) { return JVM_Half(0); }"


@pytest.mark.parametrize(
    ("target", "missing"), [("debian:12", {"bin/app"}), ("alpine:3.23", {"bin/app", "lib/libhalf.so"})]
)
def test_a_plugin_of_the_jvm(target: str, missing: set[str], tmp_path: Path) -> None:
    """libjvm.so lies where no loader looks. A program of its own needs it there."""
    for name, text in (("jvm.c", JVM), ("plugin.c", PLUGIN), ("program.c", PROGRAM)):
        (tmp_path / name).write_text(text)
    tree = tmp_path / "tree"
    for folder in ("lib/server", "bin"):
        (tree / folder).mkdir(parents=True)
    for_glibc, shared = "x86_64-linux-gnu.2.17", ("-shared", "-fPIC")
    jvm = zig_cc(for_glibc, [tmp_path / "jvm.c"], tree / "lib/server/libjvm.so", *shared, "-Wl,-soname,libjvm.so")
    zig_cc(for_glibc, [tmp_path / "plugin.c", jvm], tree / "lib/libhalf.so", *shared)
    zig_cc(for_glibc, [tmp_path / "program.c", jvm], tree / "bin/app")
    found = {
        str(judged.path)
        for judged in pipeline.check(f"dir:{tree}", on=target).objects
        if any(f.library == "libjvm.so" or "libjvm.so" in f.message for f in judged.findings)
    }
    assert found == missing
