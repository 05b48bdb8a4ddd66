int gone(void);
int lost(void);
int (*table[])(void) = {gone, gone, lost, gone};
void _start(void) { gone(); }
