extern char zero, one;
char *table[] = {&zero, &one};
void _start(void) {}
