int a(void);
void _start(void) { a(); }
__asm__(".globl in_text\nin_text: .quad a, in_text");
