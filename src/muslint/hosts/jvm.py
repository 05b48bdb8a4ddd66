"""Plugins of the Java virtual machine."""

from muslint.hosts.host import Host

HOST = Host(
    id="jvm",
    title="the Java virtual machine",
    prefixes=("JNI_", "JVM_", "JNU_"),
    lazy=True,
    entry_points=("JNI_OnLoad", "Java_", "Agent_OnLoad"),
    suffixes=(),
    packages=("jar",),
    loads=("libjvm.so",),  # by its path, RTLD_GLOBAL: java.c, LoadJavaVM
    # Of $JRE/lib/server: itself, $JRE/lib, $JRE/../lib. Built for musl the launcher always sets them and starts itself
    # again, for a library that was loaded by its path serves no needed name: java_md.c, RequiresSetenv (MUSL_LIBC).
    exported=(".", "..", "../../../lib"),
)
