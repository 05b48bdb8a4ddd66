int puts(const char *);
static int local;
int shown, *to_shown = &shown; /* ABS64 */
int *to_local = &local;        /* RELATIVE */
int a(void) { return puts(""); } /* JUMP_SLOT */
