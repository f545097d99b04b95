package digest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/digest"
	"tlsbrief/internal/testing/yeardb"
)

// emptyDatabase makes a database without reports.
func emptyDatabase(path string) error {
	d, err := db.Open(context.Background(), path, db.Options{})
	if err != nil {
		return err
	}
	return d.Close()
}

// BenchmarkDigestOfAYear is a morning's digest over what a year has brought: of
// one domain, and of all.
func BenchmarkDigestOfAYear(b *testing.B) {
	for _, y := range []yeardb.Year{{Domains: 30, Senders: 40, Days: 60}, {Domains: 300, Senders: 40, Days: 60}, {Domains: 300, Senders: 40, Days: 365}} {
		var r *rig
		whole := b
		for _, of := range []string{"one", "all"} {
			b.Run(fmt.Sprintf("domains=%d/days=%d/of=%s", y.Domains, y.Days, of), func(b *testing.B) {
				if r == nil {
					r = &rig{t: whole, ctx: whole.Context(), path: y.Open(whole, emptyDatabase), clock: &clock{t: at(b, "2026-11-23T07:00:00Z")}}
					r.open()
				}
				d := r.digester(func(o *digest.Options) {
					if of == "one" {
						o.Digests = []digest.Spec{{Name: "one", Domains: []string{"d7.example"}, To: []string{"owner@example.com"}}}
					}
				})
				b.ReportAllocs()
				for b.Loop() {
					out, err := d.Preview(r.ctx, of, time.Time{}, time.Time{})
					if err != nil {
						b.Fatal(err)
					}
					if len(out.Summary.Reporters) != y.Senders {
						b.Fatalf("%d reporters, want %d", len(out.Summary.Reporters), y.Senders)
					}
				}
			})
		}
	}
}
