int posix_fallocate64(int, long, long);

int main(void) {
    return posix_fallocate64(1, 0, 1);
}
