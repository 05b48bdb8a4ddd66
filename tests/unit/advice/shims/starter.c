// gcompat's stub in glibc's place: it replaces itself by musl's loader, with libgcompat preloaded before LD_PRELOAD.
static long call(long n, long a, long b, long c)
{
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
}

static char preload[8192] = "/lib/libgcompat.so.0", *new[256];

__attribute__((used)) static void start(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1), **envp = argv + argc + 1;
	long n = 0, at = 20;
	new[n++] = "ld-linux-x86-64.so.2";
	new[n++] = "--argv0";
	new[n++] = argv[0];
	new[n++] = "--preload";
	new[n++] = preload;
	new[n++] = "--";
	new[n++] = argv[0];
	char **e = envp;
	for (; *e; e++) {
		const char *name = "LD_PRELOAD=", *p = *e;
		while (*name && *name == *p) name++, p++;
		if (!*name) {
			preload[at++] = ' ';
			while (*p && at < 8000) preload[at++] = *p++;
		}
	}
	// The real one reads /proc/self/exe, which a bare chroot does not have: AT_EXECFN is the path too.
	for (long *a = (long *)(e + 1); *a; a += 2)
		if (*a == 31) new[6] = (char *)a[1];
	for (long i = 1; i < argc && n < 250; i++) new[n++] = argv[i];
	call(59, (long)"/lib/ld-musl-x86_64.so.1", (long)new, (long)envp);
	call(60, 127, 0, 0);
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
