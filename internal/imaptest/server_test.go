package imaptest_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/imaptest"
)

func TestMailboxFromOutside(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"none", "starttls", "implicit"} {
		t.Run(mode, func(t *testing.T) {
			imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
				start := time.Now()
				s.CreateFolder(t, "A/Böse")
				first := s.Append(t, "A/Böse", nil, time.Time{}, []byte("Subject: one\r\n\r\nbody\r\n"))
				second := s.Append(t, "A/Böse", []string{`\Seen`}, time.Time{}, []byte("Subject: two\r\n\r\nbody\r\n"))
				s.SetFlags(t, "A/Böse", first, `\Flagged`)
				want := map[uint32][]string{first: {`\Flagged`}, second: {`\Seen`}}
				if s.Kind == imaptest.KindMemory {
					want = map[uint32][]string{first: {`\Flagged`}, second: {`\Seen`}}
				}
				if diff := cmp.Diff(want, s.Flags(t, "A/Böse")); diff != "" {
					t.Errorf("flags (-want +got):\n%s", diff)
				}
				s.Expunge(t, "A/Böse", first)
				if diff := cmp.Diff(map[uint32][]byte{second: []byte("Subject: two\r\n\r\nbody\r\n")}, s.Messages(t, "A/Böse")); diff != "" {
					t.Errorf("messages (-want +got):\n%s", diff)
				}
				t.Log(time.Since(start))
			}, imaptest.WithTLS(mode))
		})
	}
}
