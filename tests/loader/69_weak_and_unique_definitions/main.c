int weak(void), local(void), unknown(void);
extern int unique;
int *to_unique = &unique;
void _start(void) { weak(), local(), unknown(); }
