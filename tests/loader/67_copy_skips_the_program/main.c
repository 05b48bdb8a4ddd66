extern int data;
int other(void);
int value(void) { return data; }
void _start(void) { other(), value(); }
