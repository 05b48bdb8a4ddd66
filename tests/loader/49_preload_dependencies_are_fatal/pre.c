int gone(void);
int given_by_preload(void) { return gone(); }
