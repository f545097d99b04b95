package judge

import (
	"testing"

	"tlsbrief/digest/facts"
)

func TestStoppedAt(t *testing.T) {
	t.Parallel()
	everyOther := []int{1, 3, 5, 7, 9, 11}
	tests := []struct {
		name string
		days []int
		by   int
		want bool
	}{
		{"daily, and here yesterday", between(1, 21), 22, false},
		{"daily, and silent for three days: one may be on its way", between(1, 19), 22, false},
		{"daily, and silent for four days", between(1, 18), 22, true},
		{"every other day, and silent for six", everyOther, 17, false},
		{"every other day, and silent for seven", everyOther, 18, true},
		{"twice a week says nothing", []int{1, 4, 8, 11, 15}, 30, false},
		{"seldom heard says nothing", []int{1, 2, 3, 4}, 22, false},
		{"silent for long is no news", between(1, 10), 30, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var days []facts.Day
			for _, d := range tt.days {
				days = append(days, nov(d))
			}
			if last, got := stoppedAt(days, nov(tt.by)); got != tt.want {
				t.Errorf("stoppedAt(%v, %d) = %s, %t, want %t", tt.days, tt.by, last, got, tt.want)
			}
		})
	}
}
