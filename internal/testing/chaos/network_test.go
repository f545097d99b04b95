package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/testing/imaptest"
)

// shortTimeout is for faults at which nothing happens any more. It is waited for to
// its end; what does answer, on a machine however busy, answers sooner.
const shortTimeout = 5 * time.Second

// A trouble is a fault of the network or of the server's answers, and what an
// error about it must say. Where it says nothing the poll may not fail at all.
type trouble struct {
	name  string
	fault imaptest.Fault
	says  string
	or    string // in other words
	may   bool   // the poll may also get over it, or fail with another reason
}

func troubles() []trouble {
	refuse := func(name, text, says string) trouble {
		return trouble{name: name, fault: imaptest.Fault{Kind: imaptest.Refuse, Text: text}, says: says}
	}
	of := func(k imaptest.Kind, says string) trouble {
		return trouble{name: string(k), fault: imaptest.Fault{Kind: k}, says: says}
	}
	reset := func(k imaptest.Kind) trouble { // it may be felt while connecting
		t := of(k, "connection was lost")
		t.or = "connection reset by peer"
		return t
	}
	garbage := of(imaptest.Unparseable, "breaks the IMAP standard")
	garbage.or = "could not be read" // the greeting
	late := trouble{name: "delay", fault: imaptest.Fault{Kind: imaptest.Late, Delay: 300 * time.Millisecond}}
	whatever := func(k imaptest.Kind) trouble {
		return trouble{name: string(k), fault: imaptest.Fault{Kind: k}, may: true}
	}
	return []trouble{
		late,
		of(imaptest.Silence, "did not answer"), of(imaptest.SilenceHalf, "did not answer"),
		reset(imaptest.Reset), reset(imaptest.ResetHalf),
		of(imaptest.CutOff, "connection was lost"), of(imaptest.CutAnswered, "connection was lost"),
		of(imaptest.CutLiteral, "connection was lost"), of(imaptest.HalfLine, "connection was lost"),
		of(imaptest.Swapped, ""), whatever(imaptest.TaggedFirst), whatever(imaptest.Unsolicited),
		garbage,
		refuse("NO", "NO chaos says no", "chaos says no"), refuse("BAD", "BAD chaos says bad", "chaos says bad"),
		refuse("UNAVAILABLE", "NO [UNAVAILABLE] chaos comes back later", "chaos comes back later"),
		of(imaptest.Farewell, "the server is going down"),
	}
}

// told reports whether an error says what the trouble is.
func (tr trouble) told(said string) bool {
	return strings.Contains(said, tr.says) || tr.or != "" && strings.Contains(said, tr.or)
}

// At each step of a poll each trouble in turn: the error says what happened,
// nothing is marked that is not recorded, and the next poll completes.
func TestNetwork(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"seen", "move"} {
		server := accounts(t, 400)
		steps := stepsInProcess(t, server.next(t), after)
		n := 0
		for _, trouble := range troubles() {
			for step, what := range steps {
				f := trouble.fault
				if f.Step = step; !f.Applies(what) {
					continue
				}
				if n++; few(n, 11) {
					continue
				}
				account := server.next(t)
				fault(t, "network", fmt.Sprintf("%s at step %d (%s), after = %s", trouble.name, step, what.Name(), after), func(t *testing.T) string {
					p := newPoll(t, newScene(t, account, after))
					p.watchMarks(t)
					return p.suffers(t, trouble, f, what)
				})
			}
		}
	}
}

// stepsInProcess returns the steps of a poll in which nothing goes wrong.
func stepsInProcess(t *testing.T, account *imaptest.Server, after string) []imaptest.Step {
	t.Helper()
	p := newPoll(t, newScene(t, account, after))
	p.proxy.Inject(imaptest.Fault{})
	if err := p.once(t); err != nil {
		t.Fatal(err)
	}
	p.checkEnd(t, p.db)
	return p.proxy.Steps()
}

// suffers polls with a trouble at a step, judges the error, and wants the next
// poll to make up for it. It returns the error's words.
func (p *poll) suffers(t *testing.T, trouble trouble, f imaptest.Fault, at imaptest.Step) string {
	t.Helper()
	if f.Kind == imaptest.Silence || f.Kind == imaptest.SilenceHalf {
		p.timeout = shortTimeout
	}
	p.proxy.Inject(f)
	err := p.once(t)
	if !p.proxy.Struck() {
		t.Fatalf("the fault did not strike; the steps were %v", p.proxy.Steps())
	}
	p.proxy.Inject(imaptest.Fault{})
	p.checkMarks(t, p.db)
	said := "the poll got over it"
	switch {
	case err != nil:
		said = err.Error()
		if !strings.Contains(said, `mailbox "reports": `) || !trouble.may && !trouble.told(said) {
			t.Errorf("error = %q, want the mailbox and %q in it", said, trouble.says)
		}
	case at.Name() == "LOGOUT": // nothing depends on it
	case trouble.says != "" && !p.excused(t):
		t.Errorf("the poll has no error, although there is something left to do\n%s", p.log)
	}
	p.recovers(t)
	return said
}

// excused reports whether a poll that met trouble may say nothing of it: it has got
// over it, or remembers what is still to be got.
func (p *poll) excused(t *testing.T) bool {
	t.Helper()
	pending, err := p.db.PendingMessages(t.Context(), "reports", p.folder)
	if err != nil {
		t.Fatal(err)
	}
	return len(recorded(t, p.db))+len(pending) >= p.mailed
}
