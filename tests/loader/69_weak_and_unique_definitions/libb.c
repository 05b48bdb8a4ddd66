__asm__(".type unique, @gnu_unique_object");
int unique = 1;
__attribute__((weak)) int weak(void) { return 2; }
int local(void) { return 3; }
int unknown(void) { return 4; }
