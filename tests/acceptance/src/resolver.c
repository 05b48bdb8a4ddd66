int __res_init(void);
int __res_search(const char *, int, int, unsigned char *, int);
int __dn_expand(const unsigned char *, const unsigned char *, const unsigned char *, char *, int);

int look_up(const char *name) {
    unsigned char answer[512];
    __res_init();
    return __res_search(name, 1, 1, answer, sizeof answer) + __dn_expand(answer, answer, answer, (char *)answer, 0);
}
