extern __thread int variable;
int value(void) { return variable; }
