package tlsrpt

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
	"strings"
	"time"
)

// Identity tells reports apart (DESIGN 5): it is the SHA-256 of
// organization-name, report-id, date-range and the policy domains, each once
// and in order. A report-id alone is not enough: different senders use the same
// (Q28).
//
// The encoding is stable for ever, since identities outlive the reports in the
// database: a change to it would record everything again. Normalization of
// domains is part of it.
func (r *Report) Identity() [32]byte {
	e := newEncoder("tlsrpt identity 1")
	e.text(r.OrganizationName)
	e.text(r.ReportID)
	e.time(r.Start)
	e.time(r.End)
	domains := make([]string, len(r.Policies))
	for i, p := range r.Policies {
		domains[i] = p.Domain
	}
	slices.Sort(domains)
	e.list(slices.Compact(domains))
	return e.sum()
}

// Content reports whether two reports of one identity say the same: it is the
// SHA-256 of every decoded field, in order. Spelling, packing and Deviations are
// not part of it, nor is Mode, which follows from the policy-string.
//
// The encoding is stable for ever, like that of Identity.
func (r *Report) Content() [32]byte {
	e := newEncoder("tlsrpt content 1")
	e.text(r.OrganizationName)
	e.text(r.ContactInfo)
	e.text(r.ReportID)
	e.time(r.Start)
	e.time(r.End)
	e.number(int64(len(r.Policies)))
	for _, p := range r.Policies {
		e.text(string(p.Type))
		e.text(p.Domain)
		e.list(p.Strings)
		e.list(p.MXHosts)
		e.number(int64(p.Successful))
		e.number(int64(p.Failed))
		e.number(int64(len(p.Failures)))
		for i := range p.Failures {
			f := &p.Failures[i]
			e.text(string(f.ResultType))
			e.text(f.SendingMTAIP)
			e.text(f.ReceivingMXHostname)
			e.text(f.ReceivingMXHELO)
			e.text(f.ReceivingIP)
			e.number(int64(f.counted()))
			e.text(f.AdditionalInformation)
			e.text(f.ReasonCode)
		}
	}
	return e.sum()
}

// counted is what a detail without a count was read as when the encoding was made.
func (f *Failure) counted() Sessions {
	if f.Uncounted {
		return 1
	}
	return f.Sessions
}

// An encoder hashes values so that no two different sequences of values give
// the same bytes: strings and lists have their length before them, numbers are
// eight bytes, big-endian.
type encoder struct {
	h   hash.Hash
	buf [8]byte
}

func newEncoder(purpose string) *encoder {
	e := &encoder{h: sha256.New()}
	e.text(purpose)
	return e
}

func (e *encoder) number(n int64) {
	binary.BigEndian.PutUint64(e.buf[:], uint64(n))
	e.h.Write(e.buf[:]) // a hash never fails
}

func (e *encoder) text(s string) {
	e.number(int64(len(s)))
	_, _ = strings.NewReader(s).WriteTo(e.h) // without copying s
}

func (e *encoder) list(l []string) {
	e.number(int64(len(l)))
	for _, s := range l {
		e.text(s)
	}
}

func (e *encoder) time(t time.Time) {
	e.number(t.Unix())
	e.number(int64(t.Nanosecond()))
}

func (e *encoder) sum() (s [32]byte) {
	e.h.Sum(s[:0])
	return s
}
