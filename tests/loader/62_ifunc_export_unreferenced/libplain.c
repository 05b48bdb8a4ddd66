int choice(void) { return 3; }
