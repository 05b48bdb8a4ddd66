int a(void) { return 1; }
__asm__(".weak gone\n.globl in_text_too\nin_text_too: .quad a, gone, 1f\n1:");
