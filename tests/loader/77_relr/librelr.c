int gone(void);
static int x;
int *table[] = {&x, &x, &x, &x, &x, &x, &x, &x};
int a(void) { return gone(); }
