int given_by_program(void);
int plugin(void) { return given_by_program(); }
