// Names of libucontext, as far as a program that asks only whether getcontext works can tell.
int getcontext(void *context)
{
	(void)context;
	return 0;
}
