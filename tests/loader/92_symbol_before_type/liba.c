extern int gone;
extern int weak __attribute__((weak));
int own;
int *table[] = {&gone, &weak, &own};
