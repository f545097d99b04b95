// Package bench measures the program against other programs and against itself,
// side by side in one run, and prints what docs/performance.md promises beside
// what was measured. "make bench" runs it.
package bench
