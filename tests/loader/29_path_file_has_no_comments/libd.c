int d(void) { return 4; }
