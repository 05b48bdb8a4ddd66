int f(void);
int same(int (*)(void));
int same(int (*other)(void)) { return other == f; }
void _start(void) { same(f); }
