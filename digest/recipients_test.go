package digest

import (
	"slices"
	"testing"
)

func TestRecipientsAreDistinct(t *testing.T) {
	t.Parallel()
	given := []string{"a@example.com", "b@example.com", "a@EXAMPLE.com", "A@example.com", "b@example.com"}
	got := distinct(given)
	if want := []string{"a@example.com", "b@example.com", "A@example.com"}; !slices.Equal(got, want) {
		t.Errorf("distinct = %q, want %q", got, want)
	}
}
