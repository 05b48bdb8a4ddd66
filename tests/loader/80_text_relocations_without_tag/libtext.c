int a(void) { return 1; }
__asm__(".globl in_text\nin_text: .quad a");
