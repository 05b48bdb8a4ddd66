extern int pointed;
int gone(void);
int *to_pointed = &pointed;
int call(void) { return gone(); }
