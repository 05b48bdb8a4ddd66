/* The library as glibc has it: it asks for a name that musl does not have. */
const char *gnu_get_libc_version(void);
const char *greeting(void) { return gnu_get_libc_version(); }
