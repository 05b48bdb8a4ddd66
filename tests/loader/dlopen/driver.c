/* driver now|lazy LIBRARY: opens LIBRARY and prints "opened" or what dlerror says.
   USED, if defined, is a function of a library the program is to be linked with (one not used would be left out);
   THROUGH, one that makes the call in its place; BEFORE, a library that is opened by its path before. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#ifdef THROUGH
#define dlopen THROUGH
void *THROUGH(const char *, int);
#endif
#ifdef USED
int USED(void);
#else
#define USED() 0
#endif

int given_by_program(void) { return 1; }

int main(int count, char **words) {
    USED();
#ifdef BEFORE
    if (!dlopen(BEFORE, RTLD_NOW | RTLD_GLOBAL))
        return puts(dlerror());
#endif
    void *opened = dlopen(words[2], strcmp(words[1], "lazy") ? RTLD_NOW : RTLD_LAZY);
    puts(opened ? "opened" : dlerror());
    return count != 3;
}
