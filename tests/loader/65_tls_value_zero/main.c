extern __thread int first;
int main_value;
void _start(void) { main_value = first; }
