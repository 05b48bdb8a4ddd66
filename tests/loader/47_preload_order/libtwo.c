int two(void) { return 4; }
