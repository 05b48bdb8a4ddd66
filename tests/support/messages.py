"""Messages as terminals and logs show them, and the form each is taken for."""

MESSAGES = (
    ("sh: ./server: not found", "shell-not-found", ()),
    ("./aws/install: line 78: /aws/dist/aws: not found", "shell-not-found", ()),
    ("./protoc-3.11.4-linux-x86_64.exe: not found", "shell-not-found", ()),
    ("pthread_attr_setaffinity_np: symbol not found", "musl-symbol", ("pthread_attr_setaffinity_np",)),
    ("error MSB6003 : The specified task executable protoc could not be run. No such file or directory", "msbuild", ()),
    ("exit status 127", "exit-127", ()),
    ("spawn /app/node_modules/grpc-tools/bin/protoc ENOENT", "node-enoent", ()),
    ("Error loading shared library libcrypt.so.1", "musl-library", ("libcrypt.so.1",)),
    ("sys_siglist: symbol not found", "musl-symbol", ("sys_siglist",)),
    ("UnsatisfiedLinkError: failed to load the required native library", "jvm", ()),
    (
        "java.lang.UnsatisfiedLinkError: /run/snappy-1.1.7-1-libsnappyjava.so: Error loading shared library "
        "ld-linux-x86-64.so.2: No such file or directory (needed by /run/snappy-1.1.7-1-libsnappyjava.so)",
        "musl-library",
        ("ld-linux-x86-64.so.2",),
    ),
    ("Error relocating /lib/ld-linux-x86-64.so.2: unsupported relocation type 37", "musl-relocation", ()),
    ("unsupported relocation type 43", "musl-relocation", ()),
    (
        "undefined symbol: _ZNSt15__exception_ptr13exception_ptr10_M_releaseEv",
        "glibc-symbol",
        ("_ZNSt15__exception_ptr13exception_ptr10_M_releaseEv",),
    ),
    (
        "libstdc++.so.6: cannot open shared object file: No such file or directory",
        "glibc-library",
        ("libstdc++.so.6",),
    ),
    ("librocksdb.so: backtrace: symbol not found", "musl-symbol", ("backtrace",)),
    ("Error relocating test_prog: __strtok_r: symbol not found", "musl-symbol", ("__strtok_r",)),
    (
        "Error loading shared library libresolv.so.2: No such file or directory (needed by /x/librsvg-2.so.2)",
        "musl-library",
        ("libresolv.so.2",),
    ),
    (
        "_ZNSt7__cxx1119basic_ostringstreamIcSt11char_traitsIcESaIcEEC1Ev: symbol not found",
        "musl-symbol",
        ("_ZNSt7__cxx1119basic_ostringstreamIcSt11char_traitsIcESaIcEEC1Ev",),
    ),
    (
        "Error: Unable to require(`/app/libquery_engine-linux-musl.so.node`). Error loading shared library "
        "libssl.so.1.1: No such file or directory (needed by /app/libquery_engine-linux-musl.so.node)",
        "musl-library",
        ("libssl.so.1.1",),
    ),
    (
        "Error: Error relocating /app/node_modules/sqlite3/lib/binding/node_sqlite3.node: fcntl64: symbol not found\n"
        "    at Object.Module._extensions..node\n  code: 'ERR_DLOPEN_FAILED'",
        "musl-symbol",
        ("fcntl64",),
    ),
    (
        "ImportError: Error relocating /usr/lib/python3.12/x.so: __memcpy_chk: symbol not found",
        "musl-symbol",
        ("__memcpy_chk",),
    ),
    (
        "ImportError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by ./x.so)",
        "glibc-version",
        ("GLIBC_2.34",),
    ),
    (
        "/usr/bin/x: symbol lookup error: /usr/lib/liby.so.1: undefined symbol: backtrace",
        "glibc-symbol",
        ("backtrace",),
    ),
    ("foo.c:(.text+0x5): undefined reference to `__memcpy_chk'", "linker-symbol", ("__memcpy_chk",)),
    ("symbol memcpy, version GLIBC_2.14 not defined in file libc.so.6", "glibc-relocation-version", ("GLIBC_2.14",)),
    ("cannot allocate memory in static TLS block", "static-tls", ()),
    ("Error relocating /a.so: errno_tls: initial-exec TLS resolves to dynamic definition in /a.so", "musl-tls", ()),
    ("initial-exec TLS resolves to dynamic definition in", "musl-tls", ()),
    ("SIGSEGV in init_have_lse_atomics+0xc", "lse-atomics", ()),
    ("libc.musl-x86_64.so.1: cannot open shared object file", "glibc-library", ("libc.musl-x86_64.so.1",)),
    ("System.DllNotFoundException: Unable to load shared library 'libSkiaSharp'", "dotnet-dll", ()),
    ("DllNotFoundException libSkiaSharp", "dotnet-dll", ()),
    (
        "iconv(): Wrong charset, conversion from UTF-8 to ASCII//TRANSLIT is not allowed",
        "iconv-charset",
        (),
    ),
    ("locale::facet::_S_create_c_locale name is not valid", "locale", ()),
    ("invalid ELF header", "elf-header", ()),
    ("wrong ELF class: ELFCLASS32", "elf-class", ()),
    ("bash: ./app: cannot execute: required file not found", "required-file", ()),
    ("exec /app: exec format error", "exec-format", ()),
    ("bash: ./app: cannot execute binary file: Exec format error", "exec-format", ()),
    ("Error loading shared library libx.so: Exec format error (needed by ./app)", "musl-library", ()),
    ("./app: bad ELF interpreter: No such file or directory", "interpreter-bad", ()),
    ("standard_init_linux.go:228: exec user process caused: no such file or directory", "runtime-exec", ()),
    (
        'OCI runtime create failed: starting container process caused: exec: "/app/x": stat /app/x: '
        "no such file or directory: unknown",
        "runtime-exec",
        (),
    ),
    ("Segmentation fault (core dumped)", "crash", ()),
    ("./app: No such file or directory", "no-such-file", ()),
    ("libgcc_s.so.1: No such file or directory (needed by /app/x)", "needed-by", ("libgcc_s.so.1",)),
    ("/lib/ld-musl-x86_64.so.1: ./app: Not a valid dynamic program", "musl-not-dynamic", ()),
    ("Error relocating ./app: RELRO protection failed: Out of memory", "musl-relro", ()),
    ("Symbol not found: backtrace", "musl-dlsym", ("backtrace",)),
    ("/lib/ld-musl-x86_64.so.1: cannot load ./app: No such file or directory", "musl-cannot-load", ()),
)
"""Text, the form it is taken for, the names that are explained with it."""
