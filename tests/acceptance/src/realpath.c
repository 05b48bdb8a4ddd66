/* What -D_FORTIFY_SOURCE=2 turns realpath, memcpy and FD_SET into. */
char *__realpath_chk(const char *, char *, unsigned long);
void *__memcpy_chk(void *, const void *, unsigned long, unsigned long);
long __fdelt_chk(long);

int main(int argc, char **argv) {
    char path[4096];
    __memcpy_chk(path, argv[0], 1, sizeof path);
    return !__realpath_chk(argv[0], path, sizeof path) + (int)__fdelt_chk(argc);
}
