package db_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsbrief/internal/report"
)

// A model does what DESIGN 5 says of identity, slowly and plainly, in memory.
type model struct {
	reports []*modelReport
	seq     int64
}

// A modelReport is one recorded report: which one, what it says, and the best
// that is known of its authenticity.
type modelReport struct {
	id, content int
	auth        report.Authenticity
	seq         int64
}

// A modelCopy is one copy of a report on its way in.
type modelCopy struct {
	id, content int
	auth        report.Authenticity
}

func (c modelCopy) report() report.Report {
	r := newReport(fmt.Sprint(c.id), content(tlsSessions(c.content)))
	r.Auth = c.auth
	return r
}

func signer(a report.Authenticity) string {
	if a.Result == report.AuthPass {
		return a.Domain
	}
	return ""
}

// better reports whether an authentication is worth more than another.
func better(a, than report.AuthResult) bool {
	order := []report.AuthResult{report.AuthUnknown, report.AuthNone, report.AuthFail, report.AuthUnchecked, report.AuthPass}
	return slices.Index(order, a) > slices.Index(order, than)
}

// deliver takes one copy in. It returns what becomes of it.
func (m *model) deliver(c modelCopy) report.Outcome {
	for _, r := range m.reports {
		if r.id == c.id && r.content == c.content {
			m.lift(r, c.auth)
			return report.Duplicate
		}
	}
	m.seq++ // it is recorded, or named as a conflict
	for _, r := range m.reports {
		if r.id == c.id && signer(r.auth) == signer(c.auth) {
			return report.Rejected
		}
	}
	m.reports = append(m.reports, &modelReport{id: c.id, content: c.content, auth: c.auth, seq: m.seq})
	return report.Recorded
}

func (m *model) lift(r *modelReport, a report.Authenticity) {
	// The tests' reports name sender.example as their sender's.
	takesOver := r.auth.Result == report.AuthPass && r.auth.Domain != "sender.example" && a.Result == report.AuthPass && a.Domain == "sender.example"
	if !better(a.Result, r.auth.Result) && !takesOver {
		return
	}
	for _, other := range m.reports {
		if other != r && other.id == r.id && a.Result == report.AuthPass && signer(other.auth) == a.Domain {
			if takesOver {
				return
			}
			if r.auth.Result == report.AuthUnknown {
				r.auth = report.Authenticity{Result: report.AuthFail, Domain: a.Domain}
			}
			r.auth.Reason = "conflict"
			return
		}
	}
	if a.Result == report.AuthPass || a.Result.Counts() != r.auth.Result.Counts() {
		m.seq++
		r.seq = m.seq
	}
	r.auth = a
}

// state is all that can be seen of the model's reports.
func (m *model) state() []string {
	var all []string
	for _, r := range m.reports {
		all = append(all, fmt.Sprintf("id %d content %d: %+v, news %d", r.id, r.content, r.auth, r.seq))
	}
	slices.Sort(all)
	return all
}

func (f *fixture) state() []string {
	f.t.Helper()
	var all []string
	for _, r := range f.rows(report.Filter{}) {
		all = append(all, fmt.Sprintf("id %s content %d: %+v, news %d", r.Report.ReportID, r.Policy.Successful, r.Auth, r.Seq))
	}
	slices.Sort(all)
	return all
}

// answer applies what is known of a copy's authenticity at last.
func (m *model) answer(c modelCopy, a report.Authenticity) {
	for _, r := range m.reports {
		if r.id == c.id && r.content == c.content {
			m.lift(r, a)
			return
		}
	}
	// It was in conflict. It is recorded if it need not be any more.
	for _, r := range m.reports {
		if r.id == c.id && signer(r.auth) == signer(a) {
			return
		}
	}
	m.seq++
	m.reports = append(m.reports, &modelReport{id: c.id, content: c.content, auth: a, seq: m.seq})
}

// TestAsTheModel records deliveries at random, of few reports so that they meet,
// and compares with the model: each outcome, and all that is recorded.
func TestAsTheModel(t *testing.T) {
	t.Parallel()
	seeds, rounds := uint64(24), 25
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := &walk{fixture: open(t), rng: rand.New(rand.NewPCG(seed, 0)), copies: map[uint32]modelCopy{}}
			for round := range rounds {
				if w.rng.IntN(4) == 0 {
					w.answerOne()
				} else {
					w.deliverSome()
				}
				if diff := cmp.Diff(w.model.state(), w.state()); diff != "" {
					t.Fatalf("round %d, recorded (-want +got):\n%s", round, diff)
				}
				if got := w.lastSeq(); got != w.model.seq {
					t.Fatalf("round %d, LastNews = %d, want %d", round, got, w.model.seq)
				}
			}
			check(t, w.IntegrityCheck(w.ctx))
		})
	}
}

// A walk does the same things at random to a database and to a model.
type walk struct {
	*fixture
	model  model
	rng    *rand.Rand
	copies map[uint32]modelCopy // by UID
	known  []report.Message     // recorded or duplicate
}

// deliverSome records a batch of messages of one report each, new ones and ones
// that are examined again.
func (w *walk) deliverSome() {
	w.t.Helper()
	var batch []report.Message
	var want []report.Outcome
	for range 1 + w.rng.IntN(8) {
		if len(w.known) > 0 && w.rng.IntN(5) == 0 {
			again := w.known[w.rng.IntN(len(w.known))]
			batch, want = append(batch, again), append(want, w.model.deliver(w.copies[again.UID]))
			continue
		}
		c := modelCopy{id: w.rng.IntN(3), content: w.rng.IntN(3), auth: randomAuth(w.rng)}
		m := w.raw(c.report())
		w.copies[m.UID] = c
		outcome := w.model.deliver(c)
		if outcome != report.Rejected { // which has a number, and is not given another
			w.known = append(w.known, m)
		}
		batch, want = append(batch, m), append(want, outcome)
	}
	if diff := cmp.Diff(want, w.record(batch...)); diff != "" {
		w.t.Fatalf("outcomes (-want +got):\n%s", diff)
	}
}

// answerOne finds out the authenticity of one message where it is unknown.
func (w *walk) answerOne() {
	w.t.Helper()
	unknown := w.unknown()
	if len(unknown) == 0 {
		return
	}
	r := unknown[w.rng.IntN(len(unknown))]
	a := randomAuth(w.rng)
	w.model.answer(w.copies[r.UID], a)
	check(w.t, w.Authenticated(w.ctx, decision(r.ID, answers(a, w.copies[r.UID].report()))))
}

func randomAuth(rng *rand.Rand) report.Authenticity {
	signers := []string{"sender.example", "other.example"}
	switch rng.IntN(6) {
	case 0, 1:
		return report.Authenticity{Result: report.AuthPass, Domain: signers[rng.IntN(2)]}
	case 2:
		return report.Authenticity{Result: report.AuthFail, Domain: signers[rng.IntN(2)], Reason: "not-aligned"}
	case 3:
		return report.Authenticity{Result: report.AuthNone}
	case 4:
		return report.Authenticity{Result: report.AuthUnchecked}
	}
	return report.Authenticity{Result: report.AuthUnknown}
}

// TestNoForgerCanKeepASignedReportOut: whatever a forger sends
// and when, a report that its sender signed counts in the end.
func TestNoForgerCanKeepASignedReportOut(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: twenty databases")
	}
	t.Parallel()
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		f := open(t)
		var messages []report.Message
		for range 12 {
			c := modelCopy{id: 1, content: rng.IntN(4), auth: randomAuth(rng)}
			if c.auth.Result == report.AuthPass {
				c.auth.Domain = "forger.example"
			}
			messages = append(messages, f.message(c.report()))
		}
		genuine := modelCopy{id: 1, content: 0, auth: report.Authenticity{Result: report.AuthPass, Domain: "sender.example"}}
		messages = append(messages, f.message(genuine.report()))
		rng.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
		f.record(messages...)
		ok := slices.ContainsFunc(f.rows(report.Filter{}), func(r *report.PolicyRow) bool {
			return r.Policy.Successful == 0 && r.Auth.Result == report.AuthPass
		})
		if !ok {
			t.Errorf("seed %d: the signed report does not count: %v", seed, f.state())
		}
	}
}
