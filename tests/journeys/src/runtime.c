/* What the linker sees of libstdc++.so.6. */
void _ZSt9terminatev(void) {}
