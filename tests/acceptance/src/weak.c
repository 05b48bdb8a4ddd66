/* What Rust's standard library does: the name is used where it exists. */
__attribute__((weak)) int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);

int main(void) {
    return __cxa_thread_atexit_impl ? __cxa_thread_atexit_impl(0, 0, 0) : 0;
}
