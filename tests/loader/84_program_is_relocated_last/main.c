int missing_in_main(void);
void _start(void) { missing_in_main(); }
