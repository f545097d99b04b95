package ingest

import (
	"context"
	"encoding/json"
	"fmt"

	"tlsbrief/internal/report"
)

// A Draft is a message that has been read and whose reports are still to be
// authenticated. It does not hold the message's bytes. The zero Draft is none of our
// business.
type Draft struct {
	Message report.Message // without Reports, unless it is decided

	ours    bool // false: it holds no report, and is none of our business
	reports []report.Report
	faults  []error
	cases   []Case
	caseOf  []int // the case of each report
}

// Decided returns a draft of a message that needs no authentication.
func Decided(m report.Message) *Draft { return &Draft{Message: m, ours: true} }

// Bytes returns how many bytes of a draft are held until it is recorded.
func (d *Draft) Bytes() int64 {
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

// Authenticate looks up the keys that drafts need, side by side, and authenticates each draft, in
// order. It returns the messages that can be recorded; nil stands for one that is none of
// our business. A panic of ours rejects the one message.
func (in *Ingester) Authenticate(ctx context.Context, lookups *Lookups, drafts []*Draft) ([]*report.Message, error) {
	var wanted []wantedKey
	for _, d := range drafts {
		for _, c := range d.cases {
			wanted = append(wanted, c.keys()...)
		}
	}
	found := lookups.find(ctx, wanted)
	messages := make([]*report.Message, len(drafts))
	for i, d := range drafts {
		if messages[i] = in.judgeRecovered(d, answersOf(found)); messages[i] == nil {
			continue
		}
		if err := in.o.Recorder.Prepare(messages[i]); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

func (in *Ingester) judgeRecovered(d *Draft, key keyFunc) (m *report.Message) {
	defer func() {
		if fault := recover(); fault != nil {
			refused := in.faulty(d.Message, fault)
			m = &refused
		}
	}()
	return in.judge(d, key)
}

// A keyFunc gives the records of a key's name, as a [dkim.Lookup] does.
type keyFunc func(name string) ([]string, error)

// answersOf gives the keys that were looked up, as Case.Judge asks for them.
func answersOf(found map[string]keyAnswer) keyFunc {
	return func(name string) ([]string, error) {
		a, ok := found[name]
		if !ok {
			return nil, fmt.Errorf("the key %s was not looked up", name)
		}
		return a.records, a.err
	}
}

// judge authenticates the reports of a draft with the keys, and takes those that are to
// be taken.
func (in *Ingester) judge(d *Draft, key keyFunc) *report.Message {
	m := d.Message
	if len(d.reports) == 0 && len(d.faults) == 0 {
		if !d.ours {
			return nil
		}
		return &m
	}
	auths, left := judgeAll(d.cases, key)
	for i := range d.reports {
		if len(d.cases) > 0 {
			d.reports[i].Auth = auths[d.caseOf[i]]
		}
	}
	taken, ok := in.accept(&m, d.reports, d.faults)
	if !ok {
		return nil
	}
	k := keptCase{Cases: left}
	unknown := false
	for _, i := range taken {
		if d.reports[i].Auth.Result == report.AuthUnknown {
			unknown = true
		}
		if len(d.cases) > 0 {
			k.Of = append(k.Of, d.caseOf[i])
		}
	}
	if unknown {
		m.Kept = k.bytes()
	}
	return &m
}

// judgeAll judges each case.
func judgeAll(cases []Case, key keyFunc) (auths []report.Authenticity, left []Case) {
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
