int data = 1;
int other(void) { return data; }
