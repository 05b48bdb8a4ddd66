int puts(const char *text) { return text != 0; }
int only_there(void) { return 1; }
int __libc_start_main(void) { return 2; }
void *stdin = &stdin;
