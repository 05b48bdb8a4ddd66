__asm__(".globl nowhere_defined");
int a(void) { return 1; }
