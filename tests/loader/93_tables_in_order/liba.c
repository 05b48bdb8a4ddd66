extern int pointed, pointed_too;
int called(void), called_too(void);
int *table[] = {&pointed, &pointed_too};
int a(void) { return called() + called_too(); }
