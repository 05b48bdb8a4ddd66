int plugin(void);
int from_the_host(void) { return 1; }
void _start(void) { plugin(); }
