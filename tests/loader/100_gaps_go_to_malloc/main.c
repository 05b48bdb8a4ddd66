const char text[] = "constant";
int main(void) { return text[0]; }
void _start(void) {}
