void fcntl64(void);
void preadv64v2(void);
void pwritev64v2(void);
void __open64_2(void);
void __stat64(void);
void __fstat64(void);
void __lseek64(void);
void fopencookie64(void);
void copy_file_range64(void);
void sync_file_range64(void);
void fts64_open(void);
void (*const used[])(void) = {
    fcntl64,
    preadv64v2,
    pwritev64v2,
    __open64_2,
    __stat64,
    __fstat64,
    __lseek64,
    fopencookie64,
    copy_file_range64,
    sync_file_range64,
    fts64_open,
};
void _start(void) {}
