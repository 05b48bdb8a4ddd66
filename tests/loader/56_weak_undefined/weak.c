__attribute__((weak)) int called(void);
extern __attribute__((weak)) int pointed;
int *to_pointed = &pointed;
void _start(void) { called(); }
