int gone(void), a(void), puts(const char *);
void _start(void) { gone(), a(), puts(""); }
