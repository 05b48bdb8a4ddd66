int a(void);
int b(void);
void _start(void) { a(), b(); }
