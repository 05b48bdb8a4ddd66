/* Names that only binaries linked before glibc 2.32 and 2.34 still ask for. */
extern char sys_siglist[], pthread_mutex_consistent_np[];

char *const names[] = {sys_siglist, pthread_mutex_consistent_np};
