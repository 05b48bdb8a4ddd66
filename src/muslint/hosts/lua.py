"""Plugins of Lua."""

from muslint.hosts.host import Host

HOST = Host(
    id="lua",
    title="Lua",
    prefixes=("lua_", "luaL_"),
    lazy=False,
    entry_points=("luaopen_",),
    suffixes=(),
)
