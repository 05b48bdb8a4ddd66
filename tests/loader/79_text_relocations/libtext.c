int gone(void) __attribute__((weak));
int a(void) { return 1; }
__attribute__((section(".text.pointers"))) int (*const pointers[])(void) = {a, gone};
