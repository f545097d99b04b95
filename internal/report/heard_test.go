package report_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tlsbrief/internal/report"
)

// heardOn is a list of days on which mail passed.
func heardOn(days ...int) (heard []report.Heard) {
	for _, d := range days {
		heard = append(heard, report.Heard{Day: nthDay(d), Pass: true})
	}
	return heard
}

// keyGone is a list of days on which nothing came but mail whose key is gone.
func keyGone(days ...int) (heard []report.Heard) {
	for _, d := range days {
		heard = append(heard, report.Heard{Day: nthDay(d)})
	}
	return heard
}

func nthDay(n int) time.Time { return time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func TestSettled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		heard []report.Heard
		on    int
		want  bool
	}{
		{"never heard", nil, 0, false},
		{"daily, the 14th day", heardOn(seq(0, 13)...), 13, false},
		{"daily, the 15th day", heardOn(seq(0, 14)...), 14, true},
		{"weekly, the 6th time", heardOn(0, 7, 14, 21, 28, 35), 35, false},
		{"weekly, the 7th time", heardOn(0, 7, 14, 21, 28, 35, 42), 42, true},
		{"seven days are enough where the first is old enough", heardOn(0, 1, 2, 3, 4, 5, 6), 14, true},
		{"but not before", heardOn(0, 1, 2, 3, 4, 5, 6), 13, false},
		{"seven mails of one day are one day", heardOn(0, 0, 0, 0, 0, 0, 0), 20, false},
		{"what comes later does not matter", heardOn(0, 1, 2, 3, 4, 5, 30), 29, false},
		{"silent for 90 days", heardOn(0, 1, 2, 3, 4, 5, 14), 104, true},
		{"silent for 91 days", heardOn(0, 1, 2, 3, 4, 5, 14), 105, false},
		{"back after 91 days of silence, it begins anew", heardOn(0, 1, 2, 3, 4, 5, 14, 105), 105, false},
		{"back after 90 days, it does not", heardOn(0, 1, 2, 3, 4, 5, 14, 104), 104, true},
		{"monthly", heardOn(0, 30, 60, 90, 120, 150, 180), 180, true},
		{"mail whose key is gone says nothing by itself", keyGone(seq(0, 20)...), 20, false},
		{"but it does for a reporter whose mail passes now", append(keyGone(seq(0, 19)...), heardOn(20)...), 20, true},
		{"and 30 days after that", append(keyGone(seq(0, 19)...), heardOn(20)...), 50, true},
		{"and no longer", append(keyGone(seq(0, 19)...), heardOn(20)...), 51, false},
		{"it keeps nobody alive who is not heard any more", append(heardOn(0, 1, 2, 3, 4, 5), keyGone(20, 21, 22)...), 22, false},
	} {
		if got := report.Settled(tt.heard, nthDay(tt.on)); got != tt.want {
			t.Errorf("%s: settled is %v, want %v", tt.name, got, tt.want)
		}
	}
}

func seq(first, last int) (days []int) {
	for d := first; d <= last; d++ {
		days = append(days, d)
	}
	return days
}

func TestRank(t *testing.T) {
	t.Parallel()
	l := report.NewListed(nil)
	google := report.ReporterBy("google.com", "noreply-smtp-tls-reporting@google.com")
	one := report.ReporterBy("one.example", "tlsrpt@one.example")
	long := heardOn(seq(0, 14)...)
	for _, tt := range []struct {
		reporter report.Reporter
		heard    []report.Heard
		want     report.Rank
		known    bool
	}{
		{google, nil, report.RankListed, true},
		{google, long, report.RankListed, true},
		{one, long, report.RankSettled, true},
		{one, long[1:], report.RankNew, false},
	} {
		if got := l.Rank(tt.reporter, tt.heard, nthDay(14)); got != tt.want || got.Known() != tt.known {
			t.Errorf("%v heard on %d days is %s (known: %v), want %s", tt.reporter, len(tt.heard), got, got.Known(), tt.want)
		}
	}
}

// Property: on each day on which mail passed, the walk along the days says what the
// rule says; the order of the days changes nothing, and one day more makes nobody
// less settled.
func TestSettledSpans(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(14, 2))
	settled := 0
	for range 1000 {
		var heard []report.Heard
		day := 0
		for range rng.IntN(40) {
			day += [...]int{0, 1, 1, 1, 2, 7, 30, 89, 90, 91, 200}[rng.IntN(11)]
			heard = append(heard, report.Heard{Day: nthDay(day), Pass: rng.IntN(4) > 0})
		}
		spans := report.SettledSpans(heard)
		shuffled := slices.Clone(heard)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again := report.SettledSpans(shuffled); !slices.Equal(spans, again) {
			t.Fatalf("%v in another order: %v, not %v", heard, again, spans)
		}
		for _, h := range heard {
			if !h.Pass {
				continue
			}
			in := slices.ContainsFunc(spans, func(s report.Span) bool { return s.Holds(h.Day) })
			if want := report.Settled(shuffled, h.Day); in != want {
				t.Fatalf("%v: on %s settled is %v, but in a span is %v: %v", heard, h.Day.Format(time.DateOnly), want, in, spans)
			}
			if !in {
				continue
			}
			settled++
			more := append(slices.Clone(heard), report.Heard{Day: nthDay(rng.IntN(day + 1)), Pass: rng.IntN(2) == 0})
			if !report.Settled(more, h.Day) {
				t.Fatalf("%v: with %v it is settled no more on %s", heard, more[len(more)-1], h.Day.Format(time.DateOnly))
			}
		}
	}
	if settled < 300 {
		t.Errorf("only %d days on which anybody was settled: the histories are too thin", settled)
	}
}
