static int slow(void) { return 1; }
static int fast(void) { return 2; }
volatile int have_fast;
static int (*resolve(void))(void) { return have_fast ? fast : slow; }
int choice(void) __attribute__((ifunc("resolve")));
int caller(void) { return choice(); }
