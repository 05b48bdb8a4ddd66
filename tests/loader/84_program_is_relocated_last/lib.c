int missing(void);
int function(void) { return missing(); }
