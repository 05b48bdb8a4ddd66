int fine(void);
int call(void) { return fine(); }
