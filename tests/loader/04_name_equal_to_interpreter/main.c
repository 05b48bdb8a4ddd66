int puts(const char *);
void _start(void) { puts("in scope because its name is the interpreter's"); }
