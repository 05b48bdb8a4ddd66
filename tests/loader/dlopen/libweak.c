__attribute__((weak)) int nowhere(void);
extern __attribute__((weak)) int no_data;
int *to_no_data = &no_data;
int call(void) { return nowhere ? nowhere() : 0; }
