// A Go program with C in it: cgo links it against the C library of the machine that builds it.
package main

// #include <stdio.h>
// static void greet(void) { puts("hello from C"); fflush(stdout); }
import "C"

func main() { C.greet() }
