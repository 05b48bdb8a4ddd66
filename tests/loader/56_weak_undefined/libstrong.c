int called(void);
extern int pointed;
int *to_pointed_too = &pointed;
int strong(void) { return called(); }
