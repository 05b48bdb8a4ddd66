/* A Ruby extension whose glibc name is reached by a call only. */
void *rb_define_module(const char *);
int fcntl64(int, int, ...);

int set_flags(int file) {
    return fcntl64(file, 2, 1);
}

void Init_native(void) {
    rb_define_module("Native");
}
