/* The library that a later layer puts in its place. */
const char *greeting(void) { return "hello"; }
