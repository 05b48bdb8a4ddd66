"""Which arguments of the functions whose calls are looked at say what they will do (POSIX, glibc's headers).

These are followed to the callers of a function that hands them on; others are followed within the function only.
"""

ARGUMENTS = 6
"""How many arguments are followed."""

_TELLING = {
    (0,): "sysconf confstr sbrk brk printf vprintf __printf_chk perror dlclose pthread_mutex_lock pthread_mutex_trylock "
          "getprotobyname getservbyname gethostbyname wordexp strerror_r basename nl_langinfo gettext qsort",
    (0, 1): "iconv_open dlopen dlsym setlocale fopen fopen64 popen newlocale crypt glob glob64 fnmatch nftw nftw64 "
            "fprintf vfprintf dprintf asprintf vasprintf sprintf vsprintf sscanf fscanf fdopen getaddrinfo",
    (1,): "pthread_mutexattr_settype pthread_mutexattr_setprotocol strptime setvbuf sched_setscheduler realloc crypt_r",
    (1, 2): "regcomp __sprintf_chk __fprintf_chk __vfprintf_chk getopt",
    (2,): "regexec strftime wcsftime snprintf vsnprintf strftime_l __strftime_l getopt_long",
}  # fmt: skip
_BY_NAME = {name: indexes for indexes, names in _TELLING.items() for name in names.split()}
_BY_NAME |= {"fnmatch": (0, 2), "nftw": (2, 3), "nftw64": (2, 3), "__snprintf_chk": (4,), "__vsnprintf_chk": (4,)}


def telling(name: str) -> tuple[int, ...]:
    """The indexes of the arguments that are followed to callers."""
    return _BY_NAME.get(name, (0, 1, 2))
