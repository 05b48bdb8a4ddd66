int dep(void) { return 2; }
