int internal(void) { return 1; }
int hidden(void) { return 2; }
int protected(void) { return 3; }
