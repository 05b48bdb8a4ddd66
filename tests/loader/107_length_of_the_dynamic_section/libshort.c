extern int gone; int *p = &gone;
