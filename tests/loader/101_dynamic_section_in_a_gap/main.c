void given(void);
void _start(void) { given(); }
