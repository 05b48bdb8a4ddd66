// Some of the names that gcompat's library gives, doing as gcompat does.
typedef unsigned long size_t;
int errno_of_stub;

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
	char *t = to;
	const char *f = from;
	(void)room;
	while (n--) *t++ = *f++;
	return to;
}

char *__strcpy_chk(char *to, const char *from, size_t room)
{
	char *t = to;
	(void)room;
	while ((*t++ = *from++)) {
	}
	return to;
}

// The stub that is compiled in: it sets ENOSYS and fails.
int getcontext(void *context)
{
	(void)context;
	return -1;
}

// Stands for a walk along frame pointers that are not there.
int backtrace(void **buffer, int size)
{
	(void)buffer;
	(void)size;
	return -1;
}
