int a(void);
int b(void);
int d(void);
void _start(void) { a(), b(), d(); }
