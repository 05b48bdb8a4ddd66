int dep(void);
int one(void) { return dep(); }
