static int slow(void) { return 1; }
static int fast(void) { return 2; }
volatile int have_fast;
static int (*resolve(void))(void) { return have_fast ? fast : slow; }
__attribute__((ifunc("resolve"), visibility("hidden"))) int choice(void);
int caller(void) { return choice(); }
