int extra(void);
int b(void) { return extra(); }
