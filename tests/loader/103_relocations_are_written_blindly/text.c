int data = 1;
__asm__(".text\n.globl in_text\nin_text: .quad given");
