__attribute__((weak)) int called(void);
extern __attribute__((weak)) int pointed;
int strong(void);
int *to_pointed = &pointed;
void _start(void) { called(), strong(); }
