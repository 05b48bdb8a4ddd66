/* Built for musl: runs when its library does. */
const char *greeting(void);
int main(void) { return greeting() == 0; }
