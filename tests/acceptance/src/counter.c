static _Thread_local int counter;

int count(void) {
    return ++counter;
}
