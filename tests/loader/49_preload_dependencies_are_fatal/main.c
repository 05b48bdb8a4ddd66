int given_by_preload(void);
void _start(void) { given_by_preload(); }
