int a(void);
int b(void);
__attribute__((section(".text.pointers"))) int (*const own)(void) = b;
int b(void) { return 2; }
void _start(void) { a(), own(); }
