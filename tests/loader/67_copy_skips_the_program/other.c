extern int data;
int other(void) { return data; }
