package digest_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/digest"
)

// Weekly and monthly digests go out at the same time of the wall clock before and
// after the clocks are changed, each once.
func TestWeeklyAndMonthlyDigestsFollowTheClocks(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: many days")
	}
	t.Parallel()
	tests := []struct {
		name, schedule, zone, from, to string
		want                           []string // after the first, which is due at once
	}{
		{"weekly, when summer time ends", "weekly", "Europe/Berlin", "2026-10-17T00:00:00Z", "2026-11-03T00:00:00Z",
			[]string{"2026-10-19T05:00:00Z", "2026-10-26T06:00:00Z", "2026-11-02T06:00:00Z"}},
		{"weekly, when summer time begins", "weekly", "Europe/Berlin", "2026-03-22T00:00:00Z", "2026-04-07T00:00:00Z",
			[]string{"2026-03-23T06:00:00Z", "2026-03-30T05:00:00Z", "2026-04-06T05:00:00Z"}},
		{"weekly, a zone that is ahead by a day", "weekly", "Pacific/Auckland", "2026-09-19T00:00:00Z", "2026-10-05T00:00:00Z",
			[]string{"2026-09-20T19:00:00Z", "2026-09-27T18:00:00Z", "2026-10-04T18:00:00Z"}},
		{"monthly, when summer time ends", "monthly", "Europe/Berlin", "2026-09-30T00:00:00Z", "2026-11-02T00:00:00Z",
			[]string{"2026-10-01T05:00:00Z", "2026-11-01T06:00:00Z"}},
		{"monthly, on the day that summer time ends", "monthly", "America/New_York", "2026-09-30T00:00:00Z", "2026-11-02T00:00:00Z",
			[]string{"2026-10-01T11:00:00Z", "2026-11-01T12:00:00Z"}},
		{"monthly, a zone that is ahead by a day", "monthly", "Asia/Tokyo", "2026-10-30T00:00:00Z", "2026-12-02T00:00:00Z",
			[]string{"2026-10-31T22:00:00Z", "2026-11-30T22:00:00Z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			r := newRig(t)
			d := r.digester(func(o *digest.Options) {
				o.Digests = []digest.Spec{{Name: "far", Domains: []string{"example.com"}, To: []string{"owner@example.com"}, Schedule: tt.schedule, Location: zone}}
			})
			var got []string
			for now := at(t, tt.from); now.Before(at(t, tt.to)); now = now.Add(time.Hour) {
				r.clock.set(now)
				if err := d.Run(r.ctx, "far"); err != nil {
					t.Fatal(err)
				}
				for range r.taken() {
					got = append(got, now.Format(time.RFC3339))
				}
			}
			if diff := cmp.Diff(append([]string{tt.from}, tt.want...), got); diff != "" {
				t.Errorf("sent at (-want +got):\n%s", diff)
			}
		})
	}
}
