int half(void) { return 1; }
int __libc_start_main(void) { return 2; }
