int puts(const char *);
int only_there(void);
int half(void);
void _start(void) { puts(""), only_there(), half(); }
