extern int given, gone;

__attribute__((aligned(4096))) int *table[1024] = {&gone, [513] = &given};
