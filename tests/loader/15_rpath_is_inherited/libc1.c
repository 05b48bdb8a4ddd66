int c1(void) { return 1; }
