__attribute__((weak)) int posix_fallocate64(int, long, long);
__attribute__((weak)) int stat64(void);
__attribute__((weak)) int fcntl64(void);
int open64(void);
int preadv64v2(void);
void _start(void) { posix_fallocate64(1, 0, 1), stat64(), fcntl64(), open64(), preadv64v2(); }
