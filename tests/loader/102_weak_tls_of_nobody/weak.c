extern __thread int nobody __attribute__((weak));

int *user(void) { return &nobody; }
