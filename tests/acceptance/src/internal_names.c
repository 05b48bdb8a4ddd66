/* glibc's own spellings of public functions, as old headers and inline functions left them in binaries. */
extern char __rawmemchr[], __strtok_r[], __strdup[], __strndup[], __isnan[], __isinf[], __isnanf[], __finite[],
    __strtod_internal[], __strftime_l[], __mbrlen[], __sbrk[], __sysconf[], __cmsg_nxthdr[];

char *const names[] = {__rawmemchr, __strtok_r, __strdup, __strndup, __isnan, __isinf, __isnanf, __finite,
    __strtod_internal, __strftime_l, __mbrlen, __sbrk, __sysconf, __cmsg_nxthdr};
