int gone(void), lost(void);
int (*address(void))(void) { return lost; } /* GLOB_DAT */
int call(void) { return gone(); }           /* JUMP_SLOT */
