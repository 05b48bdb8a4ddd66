void *dlopen(const char *, int);
void *open_through(const char *name, int mode) { return dlopen(name, mode); }
