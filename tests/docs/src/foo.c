int foo(void) { return 7; }
