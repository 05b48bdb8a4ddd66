int stat64(const char *, void *);
int stat(const char *, void *);
void _start(void) { stat64("", 0), stat("", 0); }
