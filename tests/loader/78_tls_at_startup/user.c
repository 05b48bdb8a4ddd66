extern __thread int shared, absent;
static __thread int own;
int user(void) { return shared + absent + own++; }
