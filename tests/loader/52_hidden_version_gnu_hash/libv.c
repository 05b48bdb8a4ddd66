__asm__(".symver first_old, old@V1");
int first_old(void) { return 1; }
extern int called(void) __asm__("old@V1");
int current(void) { return called(); }
