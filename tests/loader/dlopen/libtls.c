__thread int variable = 1;
int in_libtls(void) { return 1; }
