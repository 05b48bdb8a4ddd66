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
)
