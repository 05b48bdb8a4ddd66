/* Public functions of glibc that musl chose not to have. */
extern char backtrace[], backtrace_symbols[], backtrace_symbols_fd[], canonicalize_file_name[], malloc_info[],
    bindresvport[], fedisableexcept[], getdirentries[], getcontext[], setcontext[], makecontext[],
    gnu_get_libc_version[], pthread_attr_setaffinity_np[], strtoll_l[], strtoull_l[];

char *const names[] = {backtrace, backtrace_symbols, backtrace_symbols_fd, canonicalize_file_name, malloc_info,
    bindresvport, fedisableexcept, getdirentries, getcontext, setcontext, makecontext,
    gnu_get_libc_version, pthread_attr_setaffinity_np, strtoll_l, strtoull_l};
