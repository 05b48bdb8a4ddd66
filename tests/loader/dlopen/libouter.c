int call(void);
int outer(void) { return call(); }
