package digest_test

import (
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tlsbrief/digest"
	"tlsbrief/internal/tlsrpt"
)

// Whatever stands in its header, a mail keeps to what servers and mail programs
// take: ASCII, lines of at most 998 octets (RFC 5322, section 2.1.1), and one
// message to refer to, however many were sent before.
func TestMailMannersOfALongHeader(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var to []string
	for i := range 120 {
		to = append(to, fmt.Sprintf("owner-of-a-long-name-%03d@a-long-domain.example.com", i))
	}
	d := r.digester(func(o *digest.Options) {
		o.From = &mail.Address{Name: strings.Repeat("Überwachung ", 20), Address: "reports@example.com"}
		o.Digests = []digest.Spec{{Name: "Kunde Ä/Ö & <x>", Domains: []string{"example.com"}, To: to, Prefix: "[Überwachung TLS]"}}
	})
	var last string
	for day := 2; day < 8; day++ {
		now := time.Date(2026, 11, day, 7, 0, 0, 0, time.UTC)
		r.clock.set(now)
		r.record(given{From: now.AddDate(0, 0, -1).Format(time.DateOnly), Organization: "Google Inc.", Signer: "google.com", Policies: []givenPolicy{{
			Type: tlsrpt.STS, Domain: "example.com", Mode: tlsrpt.ModeEnforce, OK: 1_234_567, Failed: 45_678, Details: []givenDetail{expired("mx1.example.com", 45_678)},
		}}})
		if err := d.Run(r.ctx, "Kunde Ä/Ö & <x>"); err != nil {
			t.Fatal(err)
		}
		sent := r.taken()
		if len(sent) != 1 {
			t.Fatalf("%d mails on the %d.", len(sent), day)
		}
		data := sent[0].Data
		for i, line := range strings.Split(data, "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") || strings.IndexFunc(line, func(r rune) bool { return r > 126 }) >= 0 {
				t.Errorf("line %d is long, broken or not ASCII: %.100q", i+1, line)
			}
		}
		m, err := mail.ReadMessage(strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if list, err := m.Header.AddressList("To"); err != nil || len(list) != len(to) {
			t.Errorf("To has %d addresses, %v, want %d", len(list), err, len(to))
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if n := utf8.RuneCountInString(subject); err != nil || n > 99 || !strings.HasPrefix(subject, "[Überwachung TLS] example.com: action needed - 45,678 of ") {
			t.Errorf("Subject has %d characters, %v: %q", n, err, subject)
		}
		if got := m.Header.Get("List-Id"); strings.ContainsAny(got, " &/") || !strings.HasPrefix(got, "<kunde-") || !strings.HasSuffix(got, ".tlsbrief.example.com>") {
			t.Errorf("List-Id = %q", got)
		}
		for _, field := range []string{"References", "In-Reply-To"} {
			if got := m.Header.Get(field); got != last {
				t.Errorf("%s = %q, want %q", field, got, last)
			}
		}
		last = m.Header.Get("Message-Id")
	}
}

// Each digest is a thread of its own.
func TestDigestsOfOtherNamesAreOtherThreads(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.digester(func(o *digest.Options) {
		o.Digests = []digest.Spec{
			{Name: "one", Domains: []string{"a.example"}, To: []string{"one@example.com"}},
			{Name: "two", Domains: []string{"b.example"}, To: []string{"two@example.com"}},
		}
	})
	ids := map[string]string{}
	for day := 22; day < 25; day++ {
		r.clock.set(time.Date(2026, 11, day, 7, 0, 0, 0, time.UTC))
		if err := d.RunDue(r.ctx); err != nil {
			t.Fatal(err)
		}
		for _, m := range r.taken() {
			if got := header(t, []byte(m.Data), "References"); got != ids[m.To[0]] {
				t.Errorf("%s on the %d.: References = %q, want %q", m.To[0], day, got, ids[m.To[0]])
			}
			ids[m.To[0]] = header(t, []byte(m.Data), "Message-Id")
		}
	}
	if len(ids) != 2 || ids["one@example.com"] == ids["two@example.com"] {
		t.Errorf("mails to %v, want one to each owner", ids)
	}
}
