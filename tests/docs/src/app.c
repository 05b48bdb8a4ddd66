/* Prints a stack trace. */
#include <execinfo.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    void *frames[16];
    int count = backtrace(frames, 16);
    printf("%d frames\n", count);
    backtrace_symbols_fd(frames, count, STDOUT_FILENO);
    return 0;
}
