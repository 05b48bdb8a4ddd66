"""Plugins of Node.js."""

from muslint.hosts.host import Host

HOST = Host(
    id="node",
    title="Node.js",
    prefixes=(
        "napi_",
        "node_api_",
        "uv_",
        "node_module_register",
        "_ZN2v8",
        "_ZNK2v8",
        "_ZTIN2v8",
        "_ZTVN2v8",
        "_ZN4node",
        "_ZNK4node",
    ),
    lazy=True,
    entry_points=("napi_register_module", "node_register_module"),
    suffixes=(".node",),
    brings=("libgcc", "libstdc++"),
)
