int c1(void);
int b(void) { return c1(); }
