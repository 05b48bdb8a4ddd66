int posix_fallocate64(int, long, long);
void _start(void) { posix_fallocate64(1, 0, 1); }
