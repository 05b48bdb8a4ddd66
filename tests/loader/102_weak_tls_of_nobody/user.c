void first_absent(void);

void (*caller)(void) = first_absent;
