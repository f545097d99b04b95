package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnjoinKeepsWhatAnErrorSaysBesideThoseItWraps(t *testing.T) {
	t.Parallel()
	a, b := errors.New("a"), errors.New("b")
	whole := fmt.Errorf("digest not sent to %w; %w; refused for good", a, b)
	got := []string{}
	for _, err := range unjoin(errors.Join(errors.Join(a, b), whole)) {
		got = append(got, err.Error())
	}
	if diff := cmp.Diff([]string{"a", "b", "digest not sent to a; b; refused for good"}, got); diff != "" {
		t.Errorf("unjoin (-want +got):\n%s", diff)
	}
	if got := unjoin(nil); len(got) > 0 {
		t.Errorf("unjoin(nil) = %v", got)
	}
}
