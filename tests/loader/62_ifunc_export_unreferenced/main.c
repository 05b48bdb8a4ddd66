int other(void);
void _start(void) { other(); }
