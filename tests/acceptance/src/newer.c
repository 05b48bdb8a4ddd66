/* Names musl gained one release at a time. */
int NAME(void);

int call(void) {
    return NAME();
}
