// Package chaos breaks what tlsbrief works with, one fault at a time: its own
// process, the network, the IMAP server, the disk and the database, the SMTP
// server, and single messages. After each fault it looks for what was lost,
// doubled, or marked without being recorded. There is nothing here but tests.
//
// "make chaos" runs every fault and prints a line each; "go test" runs a few of
// each kind (docs/testing.md).
package chaos
