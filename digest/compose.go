package digest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"

	"tlsbrief/digest/words"
	"tlsbrief/internal/report"
)

// compose makes the mail of a digest: text and HTML that say the same, each
// quoted-printable, so that no line is too long for a server (RFC 5322, section
// 2.1.1). The bytes are final: they are stored and never made again.
// last is the Message-ID of the digest before, so that they stand in one thread
// (RFC 5322, section 3.6.4); it may be empty.
func (d *Digester) compose(t *task, r *words.Rendered, at time.Time, last string) (report.Mail, error) {
	id := strings.ToLower(rand.Text()) + "@" + domainPart(d.o.From.Address)
	m := report.Mail{Digest: t.Name, MessageID: id, From: d.o.From.Address, CreatedAt: at, NextAttempt: at}
	to := make([]*gomail.Address, len(t.To))
	for i, address := range t.To {
		to[i] = &gomail.Address{Address: address}
		m.Recipients = append(m.Recipients, report.Recipient{Address: address, State: report.DeliveryWaiting})
	}
	var h gomail.Header
	h.SetDate(at.In(t.Location))
	h.SetAddressList("From", []*gomail.Address{{Name: d.o.From.Name, Address: d.o.From.Address}})
	h.SetAddressList("To", to)
	h.SetSubject(r.Subject)
	h.SetMessageID(id)
	if last != "" {
		h.SetMsgIDList("In-Reply-To", []string{last})
		h.SetMsgIDList("References", []string{last})
	}
	h.Set("MIME-Version", "1.0")
	h.Set("Auto-Submitted", "auto-generated") // RFC 3834, section 5: no vacation answers
	h.Set("List-Id", listID(t.Name, d.o.From))
	data, err := alternative(h.Header, r)
	if err != nil {
		return report.Mail{}, fmt.Errorf("writing the mail: %w", err)
	}
	m.Data = data
	return m, nil
}

// alternative writes a multipart/alternative message, the plain part first
// (RFC 2046, section 5.1.4).
func alternative(h message.Header, r *words.Rendered) ([]byte, error) {
	h.SetContentType("multipart/alternative", nil)
	var b bytes.Buffer
	w, err := message.CreateWriter(&b, h)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct{ media, body string }{{"text/plain", r.Text}, {"text/html", r.HTML}} {
		var ph message.Header
		ph.SetContentType(part.media, map[string]string{"charset": "utf-8"})
		ph.Set("Content-Transfer-Encoding", "quoted-printable")
		pw, err := w.CreatePart(ph)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(pw, part.body); err != nil {
			return nil, err
		}
		if err := pw.Close(); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// domainPart returns what stands behind the @ of an address.
func domainPart(address string) string {
	if _, domain, ok := strings.Cut(address, "@"); ok && domain != "" {
		return domain
	}
	return "localhost"
}

// listID returns a List-Id by which a mail program can sort digests (RFC 2919,
// section 3). What cannot stand in one becomes a hyphen.
func listID(name string, from *mail.Address) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name)
	clean = strings.Trim(clean, ".-")
	for strings.Contains(clean, "..") {
		clean = strings.ReplaceAll(clean, "..", ".")
	}
	if clean == "" {
		clean = "digest"
	}
	return "<" + clean + ".tlsbrief." + domainPart(from.Address) + ">"
}
