package imapbox_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/poller/imapbox"
)

// searchScript answers every UID SEARCH with lines; %s stands for the tag.
func searchScript(t *testing.T, capabilities string, lines ...string) *imaptest.Server {
	return imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{Capabilities: capabilities, On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) {
				for _, line := range lines {
					c.Send(strings.ReplaceAll(line, "%s", cmd.Tag))
				}
				c.OK(cmd)
			},
		}})
	})
}

func TestTrap12RangesBeyondTheEndFindNothing(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		for n := range 3 {
			s.Append(t, "INBOX", nil, time.Time{}, mail(n))
		}
		proxy := imaptest.NewProxy(t, s)
		session := open(t, s.Via(proxy))
		examine(t, session, "INBOX")
		for name, find := range map[string]func() ([]uint32, error){
			"Range":       func() ([]uint32, error) { return session.Range(t.Context(), 4, ^uint32(0), 10) },
			"empty Range": func() ([]uint32, error) { return session.Range(t.Context(), 3, 3, 10) },
			"Unseen":      func() ([]uint32, error) { return session.Unseen(t.Context(), 1) },
			"Since":       func() ([]uint32, error) { return session.Since(t.Context(), time.Unix(0, 0), 0) },
		} {
			if got, err := find(); len(got) != 0 || err != nil {
				t.Errorf("%s = %v, %v; want none", name, got, err)
			}
		}
		for _, line := range proxy.Commands() {
			if strings.Contains(line, "*") {
				t.Errorf("sent %q: an open range matches the newest message", line)
			}
		}
	})
}

func TestTrap12ASetOfFourBillionIsNotWalked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, capabilities string
		lines              []string
	}{
		{"ESEARCH", "IMAP4rev1 ESEARCH", []string{`* ESEARCH (TAG "%s") UID ALL 1:4294967295`}},
		{"ESEARCH, backwards", "IMAP4rev1 ESEARCH", []string{`* ESEARCH (TAG "%s") UID ALL 4294967295:1`}},
		{"ESEARCH, in pieces", "IMAP4rev1 ESEARCH", []string{`* ESEARCH (TAG "%s") UID ALL 1:2,4:4294967294`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			session := openFor(t, searchScript(t, tt.capabilities, tt.lines...), "UID SEARCH", testWait)
			got, err := session.Range(t.Context(), 1, ^uint32(0), 5)
			if err != nil || len(got) != 5 {
				t.Errorf("Range = %v, %v; want five", got, err)
			}
			got, err = session.Unseen(t.Context(), 3)
			if diff := cmp.Diff([]uint32{1, 2}, got); diff != "" || err != nil {
				t.Errorf("Unseen below 3, %v (-want +got):\n%s", err, diff)
			}
			// Rather an error than some of them: the rest would be skipped for ever.
			if _, err := session.Unseen(t.Context(), ^uint32(0)); !errors.Is(err, imapbox.ErrProtocol) {
				t.Errorf("Unseen of four billion: %v, want ErrProtocol", err)
			}
			if _, err := session.All(t.Context(), ^uint32(0)); !errors.Is(err, imapbox.ErrProtocol) {
				t.Errorf("All of four billion: %v, want ErrProtocol", err)
			}
			if got, err := session.Range(t.Context(), 1, ^uint32(0), 1<<28); err != nil || len(got) != 4<<20 {
				t.Errorf("Range = %d UIDs, %v; want no more than four million", len(got), err)
			}
			exist, err := session.Existing(t.Context(), []uint32{1, 4294967294})
			if diff := cmp.Diff(map[uint32]bool{1: true, 4294967294: true}, exist); err != nil || diff != "" {
				t.Errorf("Existing, %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestSearchAnswersThatAreOdd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, capabilities string
		lines              []string
		want               []uint32
		err                error
	}{
		{name: "unsorted, twice, out of range", capabilities: "IMAP4rev1", lines: []string{"* SEARCH 5 3 99 3 4", "* SEARCH 2"}, want: []uint32{2, 3, 4, 5}},
		{name: "zero is no UID", capabilities: "IMAP4rev1", lines: []string{"* SEARCH 0 2"}, want: []uint32{2}},
		{name: "none", capabilities: "IMAP4rev1", lines: []string{"* SEARCH"}},
		{name: "no answer", capabilities: "IMAP4rev1"},
		{name: "ESEARCH none", capabilities: "IMAP4rev1 ESEARCH", lines: []string{`* ESEARCH (TAG "%s") UID`}},
		{name: "plain answer to ESEARCH", capabilities: "IMAP4rev1 ESEARCH", lines: []string{"* SEARCH 2 3"}, want: []uint32{2, 3}},
		{name: "sequence numbers", capabilities: "IMAP4rev1 ESEARCH", lines: []string{`* ESEARCH (TAG "%s") ALL 1:3`}, err: imapbox.ErrProtocol},
		{name: "an open set", capabilities: "IMAP4rev1 ESEARCH", lines: []string{`* ESEARCH (TAG "%s") UID ALL 1:*`}, err: imapbox.ErrProtocol},
		{name: "not numbers", capabilities: "IMAP4rev1", lines: []string{"* SEARCH one"}, err: imapbox.ErrProtocol},
		{name: "numbers beyond 32 bits", capabilities: "IMAP4rev1", lines: []string{"* SEARCH 4294967296"}, err: imapbox.ErrProtocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			session := openFor(t, searchScript(t, tt.capabilities, tt.lines...), "UID SEARCH", testWait)
			got, err := session.Unseen(t.Context(), 10)
			if !errors.Is(err, tt.err) {
				t.Errorf("Unseen: %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Unseen (-want +got):\n%s", diff)
			}
		})
	}
}

// A server that says what it found after it has said that it is done would
// otherwise have found nothing, and the messages would never be looked at.
func TestSearchThatEndsBeforeItsAnswerIsMadeAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ capabilities, answer string }{
		{"IMAP4rev1", "* SEARCH 2 3"},
		{"IMAP4rev1 ESEARCH", `* ESEARCH (TAG "%s") UID ALL 2:3`},
	} {
		t.Run(tt.capabilities, func(t *testing.T) {
			t.Parallel()
			searches := 0
			s := imaptest.Scripted(t, func(c *imaptest.Conn) {
				c.Play(imaptest.Play{Capabilities: tt.capabilities, On: map[string]func(*imaptest.Conn, imaptest.Command){
					"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) {
						answer := strings.ReplaceAll(tt.answer, "%s", cmd.Tag)
						if searches++; searches == 1 {
							c.OK(cmd)
							c.Send(answer)
							return
						}
						c.Send(answer)
						c.OK(cmd)
					},
				}})
			})
			session := openFor(t, s, "UID SEARCH", testWait)
			got, err := session.Unseen(t.Context(), 10)
			if diff := cmp.Diff([]uint32{2, 3}, got); err != nil || diff != "" {
				t.Errorf("Unseen, %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestAnswersHaveABoundInBytes(t *testing.T) {
	t.Parallel()
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"STATUS": func(c *imaptest.Conn, _ imaptest.Command) {
				c.Raw("* OK ")
				for {
					c.Raw(strings.Repeat("x", 64<<10)) // a line that never ends
				}
			},
		}})
	})
	session := openFor(t, s, "", testWait)
	_, err := session.Status(t.Context(), "INBOX")
	if !errors.Is(err, imapbox.ErrProtocol) || !strings.Contains(err.Error(), "more than was asked for") {
		t.Errorf("Status: %v, want ErrProtocol", err)
	}
	if got := session.BytesRead(); got > 2<<20 {
		t.Errorf("read %d bytes of an answer that has no end", got)
	}
}

func TestRangeFindsScatteredMessages(t *testing.T) {
	t.Parallel()
	// UIDs far apart, as in a folder that has lived long.
	all := []uint32{3, 1000, 1_000_000, 2_000_000_000, 4_294_967_294, 4_294_967_295}
	var searches atomic.Int32
	s := imaptest.Scripted(t, func(c *imaptest.Conn) {
		c.Play(imaptest.Play{On: map[string]func(*imaptest.Conn, imaptest.Command){
			"UID SEARCH": func(c *imaptest.Conn, cmd imaptest.Command) {
				searches.Add(1)
				var from, to uint32
				if _, err := fmt.Sscanf(cmd.Args, "UID %d:%d", &from, &to); err != nil {
					c.No(cmd, "cannot parse "+cmd.Args)
					return
				}
				answer := "* SEARCH"
				for _, uid := range all {
					if from <= uid && uid <= to {
						answer += fmt.Sprint(" ", uid)
					}
				}
				c.Send(answer)
				c.OK(cmd)
			},
		}})
	})
	session := openFor(t, s, "UID SEARCH", testWait)
	got, err := session.Range(t.Context(), 1, ^uint32(0), 500)
	if diff := cmp.Diff(all[:5], got); diff != "" || err != nil {
		t.Errorf("Range, %v (-want +got):\n%s", err, diff)
	}
	if n := searches.Load(); n > 25 {
		t.Errorf("%d searches", n)
	}
	got, err = session.Range(t.Context(), 4, ^uint32(0), 2)
	if diff := cmp.Diff([]uint32{1000, 1_000_000}, got); diff != "" || err != nil {
		t.Errorf("Range from 4, %v (-want +got):\n%s", err, diff)
	}
}

func TestTrap13LongSetsAreSplit(t *testing.T) {
	t.Parallel()
	imaptest.Each(t, func(t *testing.T, s *imaptest.Server) {
		const messages = 1200
		s.Fill(t, "INBOX", messages, mail)
		proxy := imaptest.NewProxy(t, s)
		session := open(t, s.Via(proxy))
		if _, err := session.Select(t.Context(), "INBOX"); err != nil {
			t.Fatal(err)
		}
		var odd []uint32 // no two in a row, so that no range helps
		for uid := uint32(1); uid <= messages; uid += 2 {
			odd = append(odd, uid)
		}
		headers, err := session.Headers(t.Context(), odd)
		if err != nil || len(headers) != len(odd) {
			t.Fatalf("Headers: %d of %d, %v", len(headers), len(odd), err)
		}
		if got := bodiesOf(t, session, 1<<20, odd...); string(got[1199]) != string(mail(1199)) || len(got) != len(odd) {
			t.Errorf("Bodies: %d of %d, the last %q", len(got), len(odd), got[1199])
		}
		done, gone, err := session.AddFlag(t.Context(), odd, `\Seen`)
		if len(done) != len(odd) || len(gone) != 0 || err != nil {
			t.Errorf("AddFlag: %d done, %d gone, %v", len(done), len(gone), err)
		}
		unseen, err := session.Unseen(t.Context(), messages+1)
		if len(unseen) != messages/2 || err != nil {
			t.Errorf("Unseen: %d, %v; want %d", len(unseen), err, messages/2)
		}
		longest := 0
		for _, line := range proxy.Commands() {
			longest = max(longest, len(line))
		}
		if longest > 8192 {
			t.Errorf("the longest command has %d bytes, want at most 8192", longest)
		}
	})
}
