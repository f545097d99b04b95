// Package worlds plays random worlds: mailboxes, bounds, dropped connections,
// stops and the doings of other people are drawn, polls and backfills are run on
// them, and what is left is compared with a slow and obvious model of DESIGN 5.
// There is nothing here but tests.
//
// "go test" plays some small worlds, "make chaos" many and larger ones. Each run
// prints its seed (docs/testing.md).
package worlds
