"""What a terminal says when a program does not load: every form muslint knows, with who says it and why.

The loaders' texts are from musl ``ldso/dynlink.c`` and glibc ``elf/``; the wrappings are those of shells, kernels,
container runtimes, CPython, Node.js, the JVM and .NET as seen in public issue threads.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Form(NamedTuple):
    """One form of message. Groups of the pattern name what is in it: symbol, library, version, object, number."""

    id: str
    pattern: re.Pattern[str]
    says: str  # who says it
    means: str
    advice: tuple[str, ...]
    rule: str | None = None  # the rule of `check` that foresees it


_PATH = r"[^\s:'\"`,()]+"
_LIB = r"[\w.+\-/$]+\.so(?:\.[\w.\-]+)?|ld-linux[\w.\-]*|ld-musl[\w.\-]*"


def _form(ident: str, pattern: str, says: str, means: str, *advice: str, rule: str | None = None) -> Form:
    return Form(ident, re.compile(pattern, re.M), says, means, advice, rule)


FORMS: tuple[Form, ...] = (
    _form(
        "musl-tls",
        rf"(?:Error relocating (?P<object>[^:\n]+): )?(?:(?P<symbol>[\w.$@]+): )?initial-exec TLS resolves to dynamic"
        rf" definition in(?: (?P<where>{_PATH}))?",
        "musl's loader, in dlopen",
        "a library opened at run time expects its thread-local variable in the space laid out at start",
        "load it at start (link with it, or LD_PRELOAD), or compile it with -ftls-model=global-dynamic",
        rule="tls-initial-exec",
    ),
    _form(
        "musl-relocation", r"(?:Error relocating (?P<object>[^:\n]+): )?unsupported relocation type (?P<number>\d+)",
        "musl's loader",
        "the file holds a relocation that musl does not apply; 37 on x86_64 is IRELATIVE, which glibc's own loader"
        " and libraries hold",
        "find what drags a part of glibc in (a file called ld-linux…, libm.so.6 of a bundle) and remove it",
        "rebuild without ifunc",
        rule="relocation-unsupported",
    ),
    _form(
        "musl-symbol",
        r"(?:Error relocating (?P<object>[^:\n]+): )?(?P<symbol>[\w.$@]+): symbol not found",
        "musl's loader, before the program's first instruction",
        "no library in scope defines the name; musl looks up every name at start, called or not",
        rule="symbol-missing",
    ),
    _form(
        "musl-library",
        rf"Error loading shared library (?P<library>{_LIB})(?:: (?P<why>[^\n(]+?))?"
        r"(?: ?\(needed by (?P<object>[^)\n]+)\))?$",
        "musl's loader",
        "a library that is asked for was not found, or is no library for this machine",
        rule="library-missing",
    ),
    _form(
        "needed-by", rf"(?P<library>{_LIB}): No such file[^\n(]*\(needed by (?P<object>[^)\n]+)\)",
        "musl's loader", "a library that is asked for was not found", rule="library-missing",
    ),
    _form(
        "musl-relro", r"Error relocating (?P<object>[^:\n]+): RELRO protection failed", "musl's loader",
        "the kernel refused to make the relocated data read-only", "look at seccomp profiles and at memory limits",
    ),
    _form(
        "musl-not-dynamic", r"(?P<object>[^\s:]+): Not a valid dynamic program", "musl's ldd or loader",
        "the file is static, or no ELF file for this machine", "nothing to load: run it as it is",
    ),
    _form(
        "musl-dlsym", r"Symbol not found: (?P<symbol>[\w.$@]+)", "musl's dlsym",
        "the program asked for a name by text and no loaded library has it",
    ),
    _form(
        "musl-cannot-load", r"(?P<object>[^\s:]+): cannot load (?P<library>[^\s:]+): (?P<why>[^\n]+)",
        "musl's loader, started by hand", "the program named could not be opened or mapped",
        "name it with a slash; Exec format error means another architecture",
    ),
    _form(
        "glibc-version",
        r"version [`'\"](?P<version>\w+_[\w.]+)['\"] not found(?: \(required by (?P<object>[^)\n]+)\))?",
        "glibc's loader",
        "the library there is older than the one the file was linked with",
        rule="version-unmet",
    ),
    _form(
        "glibc-relocation-version", r"symbol (?P<symbol>[\w.$]+),? version (?P<version>\w+_[\w.]+) not defined",
        "glibc's loader", "the library there lacks the name at that version", rule="version-unmet",
    ),
    _form(
        "glibc-symbol", r"(?:symbol lookup error: (?P<object>[^:\n]+): )?undefined symbol: (?P<symbol>[\w.$]+)",
        "glibc's loader", "no library in scope defines the name",
        "run ldd -r on the file: a library of another release was found first, or one is not needed by name",
    ),
    _form(
        "linker-symbol", r"undefined (?:reference to|symbols?:?) [`'\"]?(?P<symbol>[A-Za-z_][\w$]*)['\"]?",
        "the linker, at build time", "an archive or object built for glibc asks for a name the C library here lacks",
        "build the archive on musl too", rule="link-missing",
    ),
    _form(
        "static-tls", r"cannot allocate memory in static TLS block", "glibc's loader, in dlopen",
        "a library opened at run time wants more thread-local space than is left",
        "load it at start: LD_PRELOAD, or import it first", rule="tls-initial-exec",
    ),
    _form(
        "glibc-library",
        rf"(?P<library>{_LIB}): cannot open shared object file(?:: (?P<why>[^\n]+))?",
        "glibc's loader", "a library that is asked for was not found", rule="library-missing",
    ),
    _form(
        "elf-class", r"wrong ELF class: (?P<number>ELFCLASS\d\d)", "glibc's loader",
        "a library for another word size was found first", "install the library of the program's own architecture",
        rule="library-unusable",
    ),
    _form(
        "elf-header", r"invalid ELF header", "glibc's loader",
        "the file is no ELF library: often a linker script, a text, or one for another machine",
        "look at it with file NAME; a libc.so that is a text belongs to the linker", rule="library-unusable",
    ),
    _form(
        "node-enoent", rf"spawn (?P<program>{_PATH}) ENOENT", "Node.js",
        "the program is not there, or its interpreter is not: the kernel says the same for both",
        "muslint check the program: its interpreter is probably glibc's", rule="interpreter-missing",
    ),
    _form(
        "msbuild", r"(?:error )?MSB6003\b[^\n]*", "MSBuild",
        "a tool of a NuGet package did not start: no such file means its interpreter here",
        "muslint check the tool; use a package with a build for musl, or a base image with glibc",
        rule="interpreter-missing",
    ),
    _form(
        "dotnet-dll", r"(?:DllNotFoundException|Unable to load (?:shared library|DLL))[^\n]*",
        ".NET", "no build of the native library for linux-musl was picked, or it did not load",
        "look for a package with runtimes/linux-musl-x64; muslint check the .so for the cause",
    ),
    _form(
        "jvm", r"UnsatisfiedLinkError(?:: (?P<why>[^\n]+))?", "the JVM",
        "a native library of a jar did not load; the text after it is the loader's own, where there is one",
        "muslint check the jar: it says which library, and why",
    ),
    _form(
        "interpreter-bad", r"bad (?:ELF )?interpreter:? ?(?P<why>[^\n]*)", "bash or zsh",
        "the program is there, its interpreter is not", rule="interpreter-missing",
    ),
    _form(
        "required-file", r"cannot execute: required file not found", "bash 5.2 and later",
        "the program is there, its interpreter is not", rule="interpreter-missing",
    ),
    _form(
        "exec-format", r"[Ee]xec format error|cannot execute binary file|ENOEXEC",
        "the kernel, through whoever started it",
        "the file is for another architecture, or no program at all (musl's loader says it of a library it cannot map)",
        "compare file NAME with uname -m; in images, look at --platform", rule="library-unusable",
    ),
    _form(
        "runtime-exec",
        r"(?:exec(?:utable file)?|exec user process caused|stat|fork/exec|starting container process)\b[^\n]*?"
        r"(?:no such file or directory|not found in \$PATH)",
        "the container runtime",
        "the program is not in the image, or its interpreter is not: the kernel says the same for both",
        "muslint check the image, or the program --on the image's release", rule="interpreter-missing",
    ),
    _form(
        "iconv-charset",
        r"(?:iconv\w*\(\)[^\n]*)?[Ww]rong (?:charset|encoding)[^\n]*|[\w-]*//(?:TRANSLIT|IGNORE)[^\n]*",
        "iconv, through PHP or another",
        "musl's iconv knows fewer encodings, and neither //TRANSLIT nor //IGNORE",
        "apk add gnu-libiconv, and LD_PRELOAD=/usr/lib/preloadable_libiconv.so",
    ),
    _form(
        "locale", r"locale::facet::_S_create_c_locale name (?:is )?not valid", "libstdc++",
        "std::locale was given the name of a locale; on musl libstdc++ knows only C and POSIX",
        "set LC_ALL=C, or catch std::runtime_error and use std::locale::classic()",
    ),
    _form(
        "lse-atomics", r"init_have_lse_atomics", "a crash report, aarch64",
        "code of libgcc that runs at start calls __getauxval, which musl lacks: the call goes nowhere",
        "rebuild on musl, or with -mno-outline-atomics",
    ),
    _form(
        "exit-127", r"exit (?:status|code)[: ]+127|exited with (?:code )?127", "whoever started it",
        "a shell did not find the program or its interpreter, or musl's loader stopped: the lines before say which",
        "run it by hand, or muslint check it", rule="interpreter-missing",
    ),
    _form(
        "crash", r"SIGSEGV|[Ss]egmentation fault|exit(?:ed with)? (?:code|status) 139|core dumped",
        "the kernel or the runtime",
        "the program started and died: two C libraries in one process, a gcompat stub, or a small thread stack",
        "muslint check it: a loader that dies without a message is foreseen; -Wl,-z,stack-size=8388608 for deep stacks",
    ),
    _form(
        "no-such-file", rf"(?P<program>{_PATH}): (?:line \d+: )?[Nn]o such file or directory",
        "a shell", "the file is not there; or it is, and its interpreter is not: the kernel says the same for both",
        "ls the file: if it is there, muslint check it", rule="interpreter-missing",
    ),
    _form(
        "shell-not-found", r"(?:line \d+: |\d+: )?(?P<program>[^\s:]+): (?:not found|command not found)\s*$",
        "a shell (busybox sh, dash, bash)",
        "the file is not there; or it is, and its interpreter is not: the kernel says the same for both",
        "ls the file: if it is there, its interpreter is missing; muslint check it", rule="interpreter-missing",
    ),
)  # fmt: skip
"""In the order they are tried: what names a cause comes before what only wraps one."""
