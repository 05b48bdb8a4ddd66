int puts(const char *);
void _start(void) { puts("musl itself gives this"); }
