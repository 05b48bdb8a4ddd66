__asm__(".globl zero, one\n.set zero, 0\n.set one, 1");
int a(void) { return 1; }
