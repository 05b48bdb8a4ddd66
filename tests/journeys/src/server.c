/* Built for musl with a C++ runtime that is not in Alpine's base image. */
#include <stdio.h>

void _ZSt9terminatev(void);

int main(int count, char **words)
{
	(void)words;
	if (count > 9)
		_ZSt9terminatev();
	puts("served");
	return 0;
}
