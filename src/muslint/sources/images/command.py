"""What an image starts: from entrypoint and command to the files that the kernel is asked to run.

Sources: image-spec config.md (Entrypoint, Cmd, Env, WorkingDir); runc, which looks a bare name up in the
container's PATH; Linux ``fs/binfmt_script.c`` for ``#!`` lines.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from muslint.sources.packed import Node, PackedTree
from muslint.sources.source import Image

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""PATH where the image sets none (Docker, containerd, podman)."""

_LINE = 255
"""Bytes of a ``#!`` line that the kernel reads (BINPRM_BUF_SIZE less one)."""
_STEPS = 8
_SHELLS = frozenset(("sh", "ash", "bash", "dash", "busybox", "ksh", "zsh"))
_PASSES_ON = {
    "env": 0, "exec": 0, "tini": 0, "tini-static": 0, "dumb-init": 0, "catatonit": 0, "docker-init": 0, "nohup": 0,
    "setsid": 0, "su-exec": 1, "gosu": 1, "chroot": 1, "timeout": 1,
}  # fmt: skip
"""Programs that replace themselves by the command they are given, and how many words of their own come before it."""
_WITH_VALUE = frozenset(("-u", "-S", "-C", "-p", "-e", "-k", "-s"))
"""Options of those that have a word of their own for the value; ``env -S`` splits it instead."""
_EXEC_ARGUMENTS = re.compile(rb'^[^#\n]*\bexec\b[^#\n]*"?\$\{?@\}?"?', re.M)


@dataclass(frozen=True, slots=True)
class Started:
    """One file on the way from the command to what runs in the end."""

    asked: str  # as the command, a ``#!`` line or a script spells it
    path: str  # where it lies in the image, links followed; "" when it is not there
    kind: str  # "program" (an ELF file), "script", or "" when it is not there or neither
    by: str = ""  # the script that asks for it in its first line, as it is spelled
    trouble: str = ""  # what stands in the way; "" when nothing does


def started(tree: PackedTree, image: Image) -> tuple[Started, ...]:
    """Every file that is run on the way, in order; what a shell script does beyond ``exec "$@"`` is not followed."""
    walk = _Walk(tree, image)
    walk.run(list(image.command))
    return tuple(walk.steps)


class _Walk:
    def __init__(self, tree: PackedTree, image: Image) -> None:
        self.tree = tree
        self.directory = "/" + image.directory.strip("/")
        self.path = dict(image.environment).get("PATH") or DEFAULT_PATH
        self.steps: list[Started] = []

    def run(self, words: list[str]) -> None:
        """Run a command line: the file it names, and what that runs in its place."""
        while words and len(self.steps) < _STEPS:
            name = self._file(words[0], look_up=True)
            following = self._following(name, words)
            if following is None:
                return
            words = following

    def _following(self, name: str, words: list[str]) -> list[str] | None:
        """The command that ``words`` runs in the end; None when there is none that can be told."""
        if self.steps[-1].trouble:
            return None
        base = name.rpartition("/")[2]
        script = self._node(name)
        if script is not None and not script.elf and script.data is not None:
            return words[1:] if _EXEC_ARGUMENTS.search(script.data.at(0, 1 << 16)) and words[1:] else None
        spoken = words[0].rpartition("/")[2]
        if spoken in _SHELLS or base in _SHELLS:
            return _of_shell(words[1:])
        if spoken in _PASSES_ON:
            return _passed_on(words[1:], _PASSES_ON[spoken])
        return None

    def _file(self, name: str, look_up: bool, by: str = "") -> str:
        """Note the file called ``name`` and, of a script, its interpreter; gives where the file lies."""
        for candidate in self._candidates(name, look_up):
            found = self.tree.resolve(candidate)
            if isinstance(found, int) or found[1] is None or found[1].children is not None:
                continue
            path, node = found[0], found[1]
            if look_up and "/" not in name and node.mode and not node.mode & 0o111:
                continue
            trouble = "" if not node.mode or node.mode & 0o111 else "it may not be executed: no x bit"
            first = node.data.at(0, _LINE) if node.data is not None and not node.elf else b""
            kind = "program" if node.elf else "script" if first.startswith(b"#!") else ""
            if not kind and not trouble:
                trouble = "neither an ELF file nor a script"
            self.steps.append(Started(name, path, kind, by, trouble))
            if kind == "script" and not trouble:
                self._interpreter(first, name)
            return path
        self.steps.append(Started(name, "", "", by, "not in the image"))
        return ""

    def _interpreter(self, first: bytes, script: str) -> None:
        words = first[2:].split(b"\n")[0].decode("utf-8", "surrogateescape").split(None, 1)
        if not words or len(self.steps) >= _STEPS:
            return
        self._file(words[0], look_up=False, by=script)
        if words[0].rpartition("/")[2] == "env" and len(words) > 1 and not self.steps[-1].trouble:
            rest = _passed_on(words[1].split(), 0)
            if rest:
                self._file(rest[0], look_up=True, by=script)

    def _candidates(self, name: str, look_up: bool) -> Iterator[str]:
        if "/" in name or not look_up:
            yield name if name.startswith("/") else f"{self.directory}/{name}"
            return
        for directory in self.path.split(":"):
            if directory:
                yield f"{directory if directory.startswith('/') else f'{self.directory}/{directory}'}/{name}"

    def _node(self, path: str) -> Node | None:
        found = self.tree.resolve(path) if path else 0
        return None if isinstance(found, int) else found[1]


def _of_shell(words: list[str]) -> list[str] | None:
    """What ``sh WORDS`` runs: the first command of ``-c TEXT``, or a script file."""
    for at, word in enumerate(words):
        if word.startswith("-") and not word.startswith("--"):
            if "c" in word:
                return _first_command(words[at + 1]) if len(words) > at + 1 else None
        elif not word.startswith("--"):
            return [word] if "/" in word else None
    return None


def _first_command(text: str) -> list[str] | None:
    """The words of a shell text when it is one plain command: variables before it and ``exec`` are passed over."""
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return None
    plain: list[str] = []
    for word in words:
        if word and set(word) <= set(";&|<>()"):
            break  # what follows runs later or beside it
        plain.append(word)
    while plain and (plain[0] == "exec" or re.match(r"[A-Za-z_]\w*=", plain[0])):
        del plain[0]
    builtin = (
        "cd",
        "set",
        "export",
        "echo",
        "if",
        "while",
        "for",
        "test",
        "[",
        "until",
        "case",
        "trap",
        "umask",
        "eval",
    )
    if not plain or plain[0] in builtin or "$" in plain[0] or "`" in plain[0]:
        return None
    return plain


def _passed_on(words: list[str], own: int) -> list[str] | None:
    """The command among the arguments of a program that runs one; options and variables before it are left out."""
    at = 0
    while at < len(words) and (words[at].startswith("-") or re.match(r"[A-Za-z_]\w*=", words[at])):
        if words[at] == "--":
            at += 1
            break
        if words[at] == "-S" and len(words) > at + 1:
            return _passed_on(words[at + 1].split() + words[at + 2 :], own)
        at += 2 if words[at] in _WITH_VALUE else 1
    rest = words[at + own :]
    return rest or None
