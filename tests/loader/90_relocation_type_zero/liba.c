int gone(void);
extern int lost;
int *to_lost = &lost;
int a(void) { return gone(); }
