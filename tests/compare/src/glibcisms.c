/* What glibc has and musl has not. */
#define _GNU_SOURCE
#include <errno.h>
#include <error.h>
#include <execinfo.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **words)
{
	void *at[8];
	(void)count;
	if (backtrace(at, 8) < 0 || !rawmemchr(words[0], 0))
		error(1, errno, "%s", gnu_get_libc_version());
	free(canonicalize_file_name(words[0]));
	return 0;
}
