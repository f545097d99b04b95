package dkim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// corpus returns the folder of collected real mail, or skips the test.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TLSBRIEF_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "messages")); err != nil {
		if os.Getenv("TLSBRIEF_REQUIRE_CORPUS") != "" {
			t.Fatalf("the corpus is asked for and absent: %v", err)
		}
		t.Skipf("the corpus is not here (%v): set TLSBRIEF_CORPUS to its folder", err)
	}
	return dir
}

// The keys of these mails are gone, but their bodies are as they were signed:
// that the key is missed, and not the body, says so.
func TestCorpusBodiesAreIntact(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(corpus(t), "messages")
	intact := 0
	for _, pattern := range []string{"google__test.xmox.nl-2022-09-15.eml", "gen-mox__*.eml"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			mail, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []string{string(mail), lf(string(mail))} {
				got := one(t, m, time.Date(2026, 11, 23, 19, 0, 0, 0, time.UTC), new(zone))
				if got.Reason != ReasonKeyGone {
					t.Errorf("%s: %q (%v), want %q", filepath.Base(path), got.Reason, got.Err, ReasonKeyGone)
				}
				intact++
			}
		}
	}
	if intact < 6 {
		t.Errorf("only %d mails found in %s", intact, dir)
	}
}

// No collected mail may pass without its key, nor be called unknown.
func TestCorpusNeverPassesWithoutKeys(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	for _, sub := range []string{"messages", "adversarial"} {
		paths, err := filepath.Glob(filepath.Join(dir, sub, "*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			mail, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all := Verify(t.Context(), mail, arrived, new(zone).lookup, Options{})
			checkInvariants(t, all)
			for _, s := range all {
				if s.Status != Fail {
					t.Errorf("%s: %q by %s", filepath.Base(path), s.Status, s.Domain)
				}
			}
			if signed := strings.Contains(strings.ToLower(string(mail)), "\ndkim-signature:"); len(all) > 0 && !signed && !strings.HasPrefix(string(mail), "DKIM-") {
				t.Errorf("%s: %d signatures found where there are none", filepath.Base(path), len(all))
			}
		}
	}
}
