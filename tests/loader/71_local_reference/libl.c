int called(void);
extern int pointed;
int *to_pointed = &pointed;
int a(void) { return called(); }
