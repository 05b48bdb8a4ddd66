__asm__(".data\n.type unique, @gnu_unique_object\n.size unique, 4\nunique: .long 1\n.text");
__attribute__((weak)) int weak(void) { return 2; }
int local(void) { return 3; }
int unknown(void) { return 4; }
