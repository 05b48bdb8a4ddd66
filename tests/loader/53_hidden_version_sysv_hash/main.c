int old(void);
int current(void);
void _start(void) { old(), current(); }
