//go:build race

package main

// raceDetector says that the tests run under the race detector, which takes several
// times the memory of the program.
const raceDetector = true
