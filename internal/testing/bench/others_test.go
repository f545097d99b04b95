package bench

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message"

	"tlsbrief/internal/testing/imaptest"
)

// mbsync copies the mailbox into an empty Maildir, and must have copied so many
// messages.
func mbsync(tb testing.TB, path string, s *imaptest.Server, messages int) run {
	tb.Helper()
	dir := tb.TempDir()
	config := filepath.Join(dir, "mbsyncrc")
	text := fmt.Sprintf("FSync no\nIMAPAccount a\nHost %s\nPort %d\nUser %s\nPass %q\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount a\n\n"+
		"MaildirStore near\nPath %s/mail/\nInbox %s/mail/INBOX\n\nChannel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n",
		s.Host, s.Port, s.Username, s.Password, dir, dir)
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "mail"), 0o700), os.WriteFile(config, []byte(text), 0o600)); err != nil {
		tb.Fatal(err)
	}
	r, _ := execute(tb, path, "-q", "-c", config, "c")
	copied, err := filepath.Glob(filepath.Join(dir, "mail", "INBOX", "[cn]*", "*"))
	if err != nil || len(copied) != messages {
		tb.Fatalf("mbsync copied %d messages, want %d; %v", len(copied), messages, err)
	}
	return r
}

// bareRead logs in and reads the answer to one FETCH of everything, without parsing
// it.
func bareRead(tb testing.TB, s *imaptest.Server) time.Duration {
	tb.Helper()
	start := time.Now()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 1<<20)
	command := func(tag, text string) {
		fmt.Fprintf(conn, "%s %s\r\n", tag, text)
		for {
			line, err := r.ReadSlice('\n')
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				tb.Fatal(err)
			}
			if bytes.HasPrefix(line, []byte(tag+" ")) {
				if !bytes.HasPrefix(line, []byte(tag+" OK")) {
					tb.Fatalf("%s: %s", text, line)
				}
				return
			}
		}
	}
	command("zz1", fmt.Sprintf("LOGIN %q %q", s.Username, s.Password))
	command("zz2", "EXAMINE INBOX")
	command("zz3", "UID FETCH 1:* (BODY.PEEK[])")
	return time.Since(start)
}

// plainReport is a report as encoding/json decodes it.
type plainReport struct {
	OrganizationName string `json:"organization-name"`
	DateRange        struct {
		Start time.Time `json:"start-datetime"`
		End   time.Time `json:"end-datetime"`
	} `json:"date-range"`
	ContactInfo string `json:"contact-info"`
	ReportID    string `json:"report-id"`
	Policies    []struct {
		Policy struct {
			Type    string   `json:"policy-type"`
			Strings []string `json:"policy-string"`
			Domain  string   `json:"policy-domain"`
			MXHosts []string `json:"mx-host"`
		} `json:"policy"`
		Summary struct {
			Successful int64 `json:"total-successful-session-count"`
			Failed     int64 `json:"total-failure-session-count"`
		} `json:"summary"`
		Failures []struct {
			ResultType  string `json:"result-type"`
			SendingIP   string `json:"sending-mta-ip"`
			MX          string `json:"receiving-mx-hostname"`
			HELO        string `json:"receiving-mx-helo"`
			ReceivingIP string `json:"receiving-ip"`
			Sessions    int64  `json:"failed-session-count"`
			Additional  string `json:"additional-information"`
			Reason      string `json:"failure-reason-code"`
		} `json:"failure-details"`
	} `json:"policies"`
}

// readPlainly reads a report mail by the libraries alone, and reuses one gzip
// reader.
func readPlainly(mail []byte, zip *gzip.Reader) (*plainReport, error) {
	entity, err := message.Read(bytes.NewReader(mail))
	if err != nil {
		return nil, err
	}
	parts := entity.MultipartReader()
	if parts == nil {
		return nil, errors.New("no multipart")
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, err
		}
		if kind, _, _ := part.Header.ContentType(); !strings.HasPrefix(kind, "application/tlsrpt") {
			continue
		}
		if err := zip.Reset(part.Body); err != nil {
			return nil, err
		}
		text, err := io.ReadAll(zip)
		if err != nil {
			return nil, err
		}
		r := new(plainReport)
		return r, json.Unmarshal(text, r)
	}
}
