package chaos

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"tlsbrief/db"
	"tlsbrief/internal/ingest"
	"tlsbrief/internal/netclient"
	"tlsbrief/internal/testing/imaptest"
	"tlsbrief/internal/tlsrpt/read"
	"tlsbrief/poller"
	"tlsbrief/poller/imapbox"
)

// A poll is a scene with a poller in this process, where timeouts can be short.
type poll struct {
	*scene
	db      *db.DB
	log     *logBuffer
	timeout time.Duration
}

// newPoll makes a poller for a scene. Its database is that of the scene.
func newPoll(t *testing.T, sc *scene) *poll {
	t.Helper()
	return newPollAt(t, sc, time.Now)
}

// newPollAt is newPoll with a clock for the database.
func newPollAt(t *testing.T, sc *scene, now func() time.Time) *poll {
	t.Helper()
	d, err := db.Open(t.Context(), sc.database(), db.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return &poll{scene: sc, db: d, log: &logBuffer{}, timeout: testTimeout}
}

// once polls once, with a poller of its own as a new process has.
func (p *poll) once(t *testing.T) error {
	t.Helper()
	return p.try(t, p.imap.Via(p.proxy))
}

func (p *poll) try(t *testing.T, s *imaptest.Server) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*testTimeout)
	defer cancel()
	_, err := p.poller(s).Poll(ctx, "")
	return err
}

func (p *poll) poller(s *imaptest.Server) *poller.Poller {
	log := slog.New(slog.NewTextHandler(p.log, nil))
	return poller.New(poller.Options{
		Store: p.db, Log: log,
		Ingest: ingest.New(ingest.Options{Recorder: p.db, Limits: read.DefaultLimits(), Log: log}),
		Mailboxes: []poller.Mailbox{{
			Name: "reports", Folders: []string{p.folder}, After: poller.After(p.after), MoveTo: archive,
			IMAP: imapbox.Options{
				Name: "reports", Host: s.Host, Port: s.Port, TLS: netclient.TLSMode(s.TLS), Timeout: p.timeout,
				Auth: func(context.Context) (netclient.Credentials, error) {
					return netclient.Credentials{Username: s.Username, Password: s.Password}, nil
				},
			},
		}},
	})
}

// recovers wants the next poll to complete, and everything to be well then.
func (p *poll) recovers(t *testing.T) {
	t.Helper()
	p.timeout = testTimeout
	if err := p.once(t); err != nil {
		t.Errorf("the next poll: %v", err)
	}
	p.checkEnd(t, p.db)
}

// A logBuffer keeps the log for reading.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
