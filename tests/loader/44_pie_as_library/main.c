int tool(void);
void _start(void) { tool(); }
