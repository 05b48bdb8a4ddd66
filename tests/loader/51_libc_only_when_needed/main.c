int puts(const char *);
int a(void);
void _start(void) { puts(""), a(); }
