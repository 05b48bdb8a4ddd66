/* Built for glibc: its interpreter is not on Alpine. */
#include <stdio.h>
int main(void) { return puts("serving") < 0; }
