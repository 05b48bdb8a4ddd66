int internal(void), hidden(void), protected(void);
void _start(void) { internal(), hidden(), protected(); }
