// Package bench measures the program against other programs and against itself in
// one run, and prints the promises of docs/performance.md beside the measurements.
// "make bench" runs it.
package bench
