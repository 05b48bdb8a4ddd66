int t0(void) { return 0; }
int t1(void) { return 1; }
int t2(void) { return 2; }
int t3(void) { return 3; }
int t4(void) { return 4; }
int t5(void) { return 5; }
int t7(void) { return 7; }
int t10(void) { return 10; }
