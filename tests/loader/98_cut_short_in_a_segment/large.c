const char table[20000] = {1}; /* the dynamic section comes after it */
int large(void) { return 1; }
