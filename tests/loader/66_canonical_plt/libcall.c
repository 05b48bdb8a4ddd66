int f(void);
int call(void) { return f(); }
