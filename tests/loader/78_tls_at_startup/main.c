int dynamic(void), descriptor(void), initial(void);
void _start(void) { dynamic(), descriptor(), initial(); }
