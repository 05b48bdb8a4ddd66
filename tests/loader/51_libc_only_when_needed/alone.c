int puts(const char *);
void *__tls_get_addr(void *);
void _start(void) { __tls_get_addr(0), puts(""); }
