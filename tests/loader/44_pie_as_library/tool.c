int tool(void) { return 1; }
void _start(void) { tool(); }
