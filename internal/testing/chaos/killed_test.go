package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/mail"
	"strings"
	"testing"
	"time"

	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/testing/smtpsink"
)

// moments are when a process is killed at a step: before the server hears of the
// command, and when it has done it but before the process learns of that.
func moments() []imaptest.Kind { return []imaptest.Kind{imaptest.CutOff, imaptest.CutAnswered} }

// words of a moment for a line.
func words(k imaptest.Kind) string {
	if k == imaptest.CutOff {
		return "before"
	}
	return "after"
}

// Killed at each step of a poll, before and after the server has done it, it has
// marked nothing that is not recorded, and the next poll makes up for everything.
func TestKilledAtEachStepOfAPoll(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"seen", "move"} {
		server := accounts(t, 60)
		steps := stepsOf(t, server.next(t), after)
		n := 0
		for _, moment := range moments() {
			for step := range steps {
				if n++; few(n, 7) {
					continue
				}
				account := server.next(t)
				name := fmt.Sprintf("poll, after = %s, %s step %d (%s)", after, words(moment), step, steps[step].Name())
				fault(t, "killed", name, func(t *testing.T) string {
					p := newProcess(t, newScene(t, account, after), smtpsink.Options{}, "")
					p.watchMarks(t)
					if !p.killedAt(t, p.proxy, imaptest.Fault{Step: step, Kind: moment}, "poll") {
						t.Fatalf("it was not killed; the steps were %v", p.proxy.Steps())
					}
					p.checkMarks(t, p.open(t))
					p.must(t, "poll")
					p.checkEnd(t, p.open(t))
					return "killed; the next poll made up for it"
				})
			}
		}
	}
}

// stepsOf returns the steps of a poll in which nothing goes wrong.
func stepsOf(t *testing.T, account *imaptest.Server, after string) []imaptest.Step {
	t.Helper()
	sc := newScene(t, account, after)
	p := newProcess(t, sc, smtpsink.Options{}, "")
	sc.proxy.Inject(imaptest.Fault{})
	p.must(t, "poll")
	sc.checkEnd(t, sc.open(t))
	return sc.proxy.Steps()
}

// Killed at each step of sending a digest, it sends the same bytes again, unless
// it knows that the server has them: at least once, and never another mail.
func TestKilledAtEachStepOfADigest(t *testing.T) {
	t.Parallel()
	server := accounts(t, 1)
	account := server.next(t)
	steps := []string{"greeting", "EHLO", "MAIL", "RCPT", "RCPT", "RCPT", "DATA", "end of mail", "QUIT"}
	n := 0
	for _, moment := range moments() {
		for step, what := range steps {
			if n++; few(n, 5) && what != "end of mail" {
				continue
			}
			fault(t, "killed", fmt.Sprintf("digest, %s step %d (%s)", words(moment), step, what), func(t *testing.T) string {
				p := newProcess(t, emptyScene(t, account, "none"), smtpsink.Options{}, "")
				if !p.killedAt(t, p.out, imaptest.Fault{Step: step, Kind: moment}, "digest") {
					t.Fatalf("it was not killed; the steps were %v", p.out.Steps())
				}
				p.must(t, "digest")
				p.must(t, "digest")
				return fmt.Sprintf("killed; %s", p.checkSentOnce(t))
			})
		}
	}
}

// checkSentOnce wants one digest to have gone out, and each time with the same
// bytes; it says how often it went.
func (p *process) checkSentOnce(t *testing.T) string {
	t.Helper()
	byID := map[string]string{}
	mails := p.sink.Mails()
	for _, m := range mails {
		parsed, err := mail.ReadMessage(strings.NewReader(string(m.Data)))
		if err != nil {
			t.Fatal(err)
		}
		id := parsed.Header.Get("Message-Id")
		if was, again := byID[id]; again && was != string(m.Data) {
			t.Errorf("%s was sent with other bytes", id)
		}
		byID[id] = string(m.Data)
	}
	if len(byID) != 1 {
		t.Errorf("%d digests were sent, want 1", len(byID))
	}
	if out := p.must(t, "status", "--json"); !strings.Contains(out, `"outbox":[]`) {
		t.Errorf("something is left in the outbox: %s", out)
	}
	return fmt.Sprintf("one digest, sent %d times", len(mails))
}

// However often poll, backfill and digest are killed at any moment, every report
// is recorded once, every one is marked in the end, nobody else's mail is touched,
// and a digest goes out with the same bytes or not at all.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	kills := 5
	if whole() {
		kills = 50
	}
	dovecot := func(t *testing.T) *imaptest.Server { return accounts(t, 1).next(t) }
	memory := func(t *testing.T) *imaptest.Server { return imaptest.Memory(t) }
	for _, on := range []struct {
		name, after string
		server      func(t *testing.T) *imaptest.Server
	}{{"memory", "seen", memory}, {"Dovecot", "seen", dovecot}, {"Dovecot", "move", dovecot}} {
		fault(t, "killed", fmt.Sprintf("%d times at random, %s, after = %s", kills, on.name, on.after), func(t *testing.T) string {
			p := newProcess(t, newScene(t, on.server(t), on.after), smtpsink.Options{}, "")
			p.watchMarks(t)
			start := time.Now()
			p.must(t, "poll")
			took := time.Since(start) // an undisturbed poll, on this machine
			seed := uint64(time.Now().UnixNano())
			random := rand.New(rand.NewPCG(seed, 1))
			killed := 0
			for round := 0; killed < kills && round < 20*kills; round++ {
				p.report(t)
				p.bundled(t)
				p.letter(t)
				command := [][]string{{"poll"}, {"backfill", "--mark"}, {"digest"}, {"poll"}}[round%4]
				if p.killedAfter(t, time.Duration(random.Int64N(int64(took*5/4))), command...) {
					killed++
				} else {
					took = took * 9 / 10 // the machine has become less busy, or there was little to do
				}
				p.checkMarks(t, p.open(t))
			}
			if killed < kills {
				t.Fatalf("only %d processes were killed in time", killed)
			}
			p.must(t, "poll")
			p.must(t, "backfill")
			p.must(t, "digest")
			p.checkEnd(t, p.open(t))
			return fmt.Sprintf("killed %d times (seed %d); %s; %d reports, all there and marked", killed, seed, p.checkSentOnce(t), p.mailed)
		})
	}
}

// killedAfter runs a command and kills it after a time; it reports whether it was
// killed before it was done.
func (p *process) killedAfter(t *testing.T, after time.Duration, args ...string) bool {
	t.Helper()
	cmd := p.command(t.Context(), t, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // fails where it has ended
	defer timer.Stop()
	_ = cmd.Wait() // how it ended is asked below
	return cmd.ProcessState.ExitCode() == -1
}
