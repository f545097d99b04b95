package bench

import (
	"testing"

	"tlsbrief/internal/imaptest"
)

func TestBaseline(t *testing.T) {
	s := imaptest.Dovecot(t)
	s.Fill(t, "INBOX", 20000, func(uid int) []byte { return report(t, uid, nil) })
	t.Log(len(report(t, 7, nil)))
	i := &installation{tb: t, program: program(t), server: s}
	for range 1 {
		r := i.backfill(20000)
		t.Logf("%v user %v peak %d MiB", r.took, r.user, r.peak>>20)
	}
}
