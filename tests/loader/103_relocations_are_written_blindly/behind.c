extern int given, gone_before, gone_behind, late;

int *table[] = {&given, &gone_before, &late, &gone_behind};
