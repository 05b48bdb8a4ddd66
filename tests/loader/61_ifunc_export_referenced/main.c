int choice(void);
void _start(void) { choice(); }
