int t0(void), t1(void), t2(void), t3(void), t4(void), t5(void), t7(void), t10(void);
void _start(void) { t0(), t1(), t2(), t3(), t4(), t5(), t7(), t10(); }
