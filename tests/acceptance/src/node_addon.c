/* A Node.js addon whose glibc name is reached by a call only. */
int napi_create_object(void *, void **);
int fcntl64(int, int, ...);

int set_flags(int file) {
    return fcntl64(file, 2, 1);
}

void *napi_register_module_v1(void *env, void *exports) {
    napi_create_object(env, &exports);
    return exports;
}
