int f(void);
int (*to_f)(void) = f;
int (*address(void))(void) { return f; }
