"""Which arguments of the functions whose calls are looked at say what they will do (POSIX, glibc's headers).

These are followed to the callers of a function that hands them on; others are followed within the function only.
"""

ARGUMENTS = 6
"""How many arguments are followed."""

_TELLING = {
    (0,): "sysconf confstr sbrk brk printf vprintf warn warnx perror dlclose pthread_mutex_lock pthread_mutex_trylock "
          "getprotobyname getservbyname gethostbyname basename nl_langinfo gettext setenv putenv "
          "sigaction signal bsd_signal sigset srand srandom initstate",
    (0, 1): "iconv_open dlopen setlocale fopen fopen64 popen newlocale crypt glob glob64 fdopen getaddrinfo strcmp "
            "strncmp strcasecmp strncasecmp strstr strcasestr realloc",
    (1,): "pthread_mutexattr_settype pthread_mutexattr_setprotocol strptime strptime_l __strptime_l setvbuf "
          "crypt_r dlsym dlinfo bind_textdomain_codeset sched_setscheduler "
          "fprintf vfprintf dprintf vdprintf asprintf vasprintf sprintf vsprintf sscanf fscanf syslog vsyslog err errx "
          "__printf_chk __vprintf_chk",
    (1, 2): "regcomp pthread_create",
    (2, 3, 4): "regexec",
    (2,): "getopt strftime wcsftime snprintf vsnprintf strftime_l __strftime_l getopt_long getopt_long_only error "
          "__fprintf_chk __vfprintf_chk __dprintf_chk __vdprintf_chk __asprintf_chk __vasprintf_chk __syslog_chk "
          "__vsyslog_chk",
    (3,): "__sprintf_chk __vsprintf_chk",
    (4,): "__snprintf_chk __vsnprintf_chk",
    (0, 2): "fnmatch wordexp",
    (2, 3): "nftw nftw64",
}  # fmt: skip
_BY_NAME = {name: indexes for indexes, names in _TELLING.items() for name in names.split()}


def telling(name: str) -> tuple[int, ...]:
    """The indexes of the arguments that are followed to callers; none for a function that is not named here."""
    return _BY_NAME.get(name, ())
