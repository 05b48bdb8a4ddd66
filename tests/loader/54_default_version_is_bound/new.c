__asm__(".symver foo_one, foo@V1");
__asm__(".symver foo_two, foo@@V2");
int foo_one(void) { return 1; }
int foo_two(void) { return 2; }
