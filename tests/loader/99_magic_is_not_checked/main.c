int one(void);
int two(void);
void _start(void) { one(), two(); }
