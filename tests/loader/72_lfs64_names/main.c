void aio_cancel64(void);
void aio_error64(void);
void aio_fsync64(void);
void aio_read64(void);
void aio_return64(void);
void aio_suspend64(void);
void aio_write64(void);
void alphasort64(void);
void creat64(void);
void fallocate64(void);
void fgetpos64(void);
void fopen64(void);
void freopen64(void);
void fseeko64(void);
void fsetpos64(void);
void fstat64(void);
void fstatat64(void);
void fstatfs64(void);
void fstatvfs64(void);
void ftello64(void);
void ftruncate64(void);
void ftw64(void);
void getdents64(void);
void getrlimit64(void);
void glob64(void);
void globfree64(void);
void lio_listio64(void);
void lockf64(void);
void lseek64(void);
void lstat64(void);
void mkostemp64(void);
void mkostemps64(void);
void mkstemp64(void);
void mkstemps64(void);
void mmap64(void);
void nftw64(void);
void open64(void);
void openat64(void);
void posix_fadvise64(void);
void pread64(void);
void preadv64(void);
void prlimit64(void);
void pwrite64(void);
void pwritev64(void);
void readdir64(void);
void scandir64(void);
void sendfile64(void);
void setrlimit64(void);
void stat64(void);
void statfs64(void);
void statvfs64(void);
void tmpfile64(void);
void truncate64(void);
void versionsort64(void);
void __fxstat64(void);
void __fxstatat64(void);
void __lxstat64(void);
void __xstat64(void);
void readdir64_r(void);
void (*const used[])(void) = {
    aio_cancel64,
    aio_error64,
    aio_fsync64,
    aio_read64,
    aio_return64,
    aio_suspend64,
    aio_write64,
    alphasort64,
    creat64,
    fallocate64,
    fgetpos64,
    fopen64,
    freopen64,
    fseeko64,
    fsetpos64,
    fstat64,
    fstatat64,
    fstatfs64,
    fstatvfs64,
    ftello64,
    ftruncate64,
    ftw64,
    getdents64,
    getrlimit64,
    glob64,
    globfree64,
    lio_listio64,
    lockf64,
    lseek64,
    lstat64,
    mkostemp64,
    mkostemps64,
    mkstemp64,
    mkstemps64,
    mmap64,
    nftw64,
    open64,
    openat64,
    posix_fadvise64,
    pread64,
    preadv64,
    prlimit64,
    pwrite64,
    pwritev64,
    readdir64,
    scandir64,
    sendfile64,
    setrlimit64,
    stat64,
    statfs64,
    statvfs64,
    tmpfile64,
    truncate64,
    versionsort64,
    __fxstat64,
    __fxstatat64,
    __lxstat64,
    __xstat64,
    readdir64_r,
};
void _start(void) {}
