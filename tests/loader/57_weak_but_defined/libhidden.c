__attribute__((weak)) int own(void) { return 1; }
int caller(void) { return own(); }
