int open64(void) { return 1; }
int preadv64v2(void) { return 2; }
