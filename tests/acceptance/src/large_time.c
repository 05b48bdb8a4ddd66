#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

int main(void) {
    struct stat found;
    struct timespec now;
    return stat("/", &found) + clock_gettime(CLOCK_REALTIME, &now) + fcntl(1, F_GETFD) + (int)time(0);
}
