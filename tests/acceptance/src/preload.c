#include <stdarg.h>

int __fprintf_chk(void *, int, const char *, ...);
extern void *stderr;

char *getenv(const char *name) {
    __fprintf_chk(stderr, 1, "getenv %s\n", name);
    return 0;
}
