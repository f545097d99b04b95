package poller

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"

	"tlsbrief/internal/report"
)

// A draft is a message that has been read and whose reports are still to be
// authenticated. It does not hold the message.
type draft struct {
	message report.Message // without Reports, unless it is whole
	ours    bool           // false: it holds no report, and is none of our business
	rules   Reading
	reports []report.Report
	faults  []error
	cases   []Case
	of      []int // the case of each report
}

// whole is a draft of a message that needs no authentication.
func whole(m report.Message) *draft { return &draft{message: m, ours: true} }

// bytes is how many bytes of a draft are held until it is recorded.
func (d *draft) bytes() int64 {
	n := int64(0)
	for _, r := range d.reports {
		n += int64(len(r.JSON))
	}
	return n
}

// A keptCase is what is stored of a message, to judge its reports later.
type keptCase struct {
	Cases []Case `json:"cases"`
	Of    []int  `json:"of"` // the case of each report that is recorded, or held
}

// A verdict is a message that can be recorded. ok is false where it turned out to
// be none of our business.
type verdict struct {
	message report.Message
	ok      bool
}

// judge looks up the keys that drafts need, side by side, and judges each, in
// order. A panic of ours rejects the one message.
func (p *Poller) judge(ctx context.Context, keys *keyLookups, drafts []*draft) []verdict {
	var wanted []wantedKey
	for _, d := range drafts {
		for _, c := range d.cases {
			wanted = append(wanted, c.keys()...)
		}
	}
	found := keys.find(ctx, wanted)
	verdicts := make([]verdict, len(drafts))
	for i, d := range drafts {
		verdicts[i] = p.judgeOne(d, found)
	}
	return verdicts
}

func (p *Poller) judgeOne(d *draft, found map[string]keyAnswer) (v verdict) {
	defer func() {
		if fault := recover(); fault != nil {
			v = verdict{message: p.faulty(d.message, fault), ok: true}
		}
	}()
	return d.judge(answersOf(found))
}

// answersOf gives the keys that were looked up, as Case.Judge asks for them.
func answersOf(found map[string]keyAnswer) func(name string) ([]string, error) {
	return func(name string) ([]string, error) {
		a, ok := found[name]
		if !ok {
			return nil, fmt.Errorf("the key %s was not looked up", name)
		}
		return a.records, a.err
	}
}

// faulty returns a message that a fault of ours keeps from being read, as
// rejected. It is called while the panic is being recovered.
func (p *Poller) faulty(m report.Message, fault any) report.Message {
	p.o.Log.Error("a fault in tlsbrief: please report it; the message is rejected",
		"mailbox", m.Mailbox, "folder", m.Folder, "uid", m.UID, "err", fmt.Sprint(fault), "stack", string(debug.Stack()))
	m.Reports, m.Pending, m.Refused = nil, "", fmt.Sprintf("internal fault: %v", fault)
	return m
}

// judge authenticates the reports with the keys, and takes those that are to be
// taken.
func (d *draft) judge(key func(name string) ([]string, error)) verdict {
	if len(d.reports) == 0 && len(d.faults) == 0 {
		return verdict{d.message, d.ours}
	}
	auths, left := judgeAll(d.cases, key)
	for i := range d.reports {
		if len(d.cases) > 0 {
			d.reports[i].Auth = auths[d.of[i]]
		}
	}
	m := d.message
	taken, ok := d.rules.accept(&m, d.reports, d.faults)
	k := keptCase{Cases: left}
	unknown := false
	for _, i := range taken {
		if d.reports[i].Auth.Result == report.AuthUnknown {
			unknown = true
		}
		if len(d.cases) > 0 {
			k.Of = append(k.Of, d.of[i])
		}
	}
	if unknown {
		m.Kept = k.bytes()
	}
	return verdict{m, ok}
}

// judgeAll judges each case.
func judgeAll(cases []Case, key func(name string) ([]string, error)) (auths []report.Authenticity, left []Case) {
	auths, left = make([]report.Authenticity, len(cases)), make([]Case, len(cases))
	for i, c := range cases {
		auths[i], left[i] = c.Judge(key)
	}
	return auths, left
}

func (k keptCase) bytes() []byte {
	b, err := json.Marshal(k)
	if err != nil {
		panic(err) // it holds nothing that cannot be encoded
	}
	return b
}

// keptOf reads what bytes wrote.
func keptOf(data []byte, reports int) (k keptCase, err error) {
	if err := json.Unmarshal(data, &k); err != nil {
		return k, fmt.Errorf("reading what was kept of its signatures: %w", err)
	}
	if len(k.Of) != reports {
		return k, fmt.Errorf("what was kept is about %d reports, not %d", len(k.Of), reports)
	}
	for _, i := range k.Of {
		if i < 0 || i >= len(k.Cases) {
			return k, fmt.Errorf("what was kept has no case %d", i)
		}
	}
	return k, nil
}
