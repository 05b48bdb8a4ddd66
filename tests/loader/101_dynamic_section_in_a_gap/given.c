void absent(void);
int number = 1;
void given(void) { absent(); }
