static int value;
int *const pointers[] = {&value, &value, &value, &value};

int main(void) {
    return pointers[0] != &value;
}
