int foo(void);
int plain(void);
void _start(void) { foo(), plain(); }
