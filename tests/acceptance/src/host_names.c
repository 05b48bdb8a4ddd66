/* A name that a .NET runtime gives its native libraries, and two that glibc does. */
extern char RaiseException[], strtoll_l[], strtoull_l[];

char *const names[] = {RaiseException, strtoll_l, strtoull_l};
