// Package wire is an IMAP connection as go-imap gets to see it.
//
// A [Conn] splits what a server sends into responses (RFC 9051, section 7), repairs
// those for which go-imap would give the connection up, reads FETCH itself into an
// [Answer], and remembers the response codes and alerts that go-imap drops. The package
// does not import that library; it knows which responses its decoder, in v2.0.0-beta.8,
// reads.
//
// # Trust
//
// Everything that a server sends has a bound in bytes, and in time while a command is
// outstanding. What gets into an error is printable, cut to a line and without secrets.
// A stranger chooses the text of a mail: a response code counts only in the server's own
// lines.
//
// # Tolerance
//
// A response that real servers are known to send is repaired. One that no command here
// asks for is skipped. After one that cannot be read, and that may hide where the next
// begins, the connection ends with a [LineError].
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tlsbrief/internal/netclient"
)

// tailSize is how much of what the server said last is kept, to find its
// farewell when it closes the connection.
const tailSize = 2048

// maxUnasked bounds what the server may send between two commands, in bytes.
const maxUnasked = 1 << 20

// A Conn is the connection as go-imap sees it. The library sets deadlines that
// suit a mail reader and reads on after errors; a Conn
//
//   - bounds the wait between two reads while a command is outstanding, and only then,
//   - bounds what the server sends in answer to a command,
//   - repairs each response before the library reads it, and takes FETCH out,
//   - keeps the first error and returns it ever after, and
//   - counts what was read.
//
// A failure closes the connection, since that alone unblocks a read.
type Conn struct {
	net.Conn          // TLS or plain
	raw      net.Conn // below TLS: closing it never blocks
	read     atomic.Int64

	mu          sync.Mutex
	err         error // why the connection is unusable; the first reason stays
	closed      bool
	wait        time.Duration // for the next bytes
	waiting     bool          // a command is outstanding
	timer       *time.Timer   // runs while waiting
	left        int64         // bytes the server may still send
	replay      []byte        // read before the library started
	tail        []byte
	answerBytes int64             // bytes of the answer to the command that is outstanding, or was last
	secrets     netclient.Secrets // that the server was sent, and may repeat
	utf7        bool              // what is not ASCII is sent as modified UTF-7
	utf7Rest    []byte            // with utf7: the part of a name whose other part is to come

	readBuf  []byte // what is read into
	splitter splitter
	cmd      command
}

// AddSecret adds a password or a token that no error may repeat.
func (c *Conn) AddSecret(secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets.Add(secret)
}

// AddAnswer adds an answer of a SASL exchange that no error may repeat.
func (c *Conn) AddAnswer(answer []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets.AddAnswer(answer)
}

// Hide takes the secrets out of what the server said.
func (c *Conn) Hide(text string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.secrets.Hide(text)
}

// NewConn wraps conn, whose raw connection is raw. The library reads replay first.
func NewConn(conn, raw net.Conn, replay []byte) *Conn {
	c := &Conn{Conn: conn, raw: raw, left: maxUnasked, replay: replay}
	c.cmd.hide = c.secrets.Hide
	c.splitter.to = &c.cmd
	c.timer = time.AfterFunc(time.Hour, c.onTimeout)
	c.timer.Stop()
	return c
}

// Begin starts the clock for a command whose answer has at most budget bytes, with at
// most wait between two reads.
func (c *Conn) Begin(budget int64, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.wait = budget, wait
	c.answerBytes = 0
	c.cmd.begin()
	c.waiting = true
	if c.err == nil {
		c.timer.Reset(c.wait)
	}
}

// End stops the clock.
func (c *Conn) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = maxUnasked
	c.waiting = false
	c.timer.Stop()
}

func (c *Conn) onTimeout() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting {
		c.failLocked(fmt.Errorf("%w within %s", ErrTimeout, c.wait))
	}
}

// Fail makes the connection unusable for the reason err, unless it is so
// already, and closes it.
func (c *Conn) Fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failLocked(err)
}

func (c *Conn) failLocked(err error) {
	if c.err == nil {
		c.err = err
	}
	c.timer.Stop()
	c.closeLocked()
}

func (c *Conn) closeLocked() {
	if !c.closed {
		c.closed = true
		_ = c.raw.Close() // it is given up
	}
}

// Err returns why the connection is unusable, nil if it is not.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// readSize is how much is read at once, in bytes: a record of TLS.
const readSize = 16 << 10

// Read implements io.Reader for the library's goroutine.
func (c *Conn) Read(b []byte) (int, error) {
	for {
		n, space, err := c.beforeRead(b)
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		n, err = c.Conn.Read(c.readBuf[:space])
		c.afterRead(c.readBuf[:n], err)
	}
}

// beforeRead gives the library what there is for it. If there is nothing, space is
// how much of in may be filled.
func (c *Conn) beforeRead(b []byte) (n, space int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.replay) > 0 {
		c.feedLocked(c.replay)
		c.replay = nil
	}
	if len(c.splitter.out) > 0 {
		n := copy(b, c.splitter.out)
		c.splitter.out = append(c.splitter.out[:0], c.splitter.out[n:]...)
		return n, 0, nil
	}
	if err := c.stateLocked(); err != nil {
		return 0, 0, err
	}
	if c.left <= 0 {
		c.failLocked(errTooMuch)
		return 0, 0, c.err
	}
	if c.readBuf == nil {
		c.readBuf = make([]byte, readSize)
	}
	return 0, int(min(readSize, c.left)), nil
}

func (c *Conn) afterRead(got []byte, err error) {
	c.read.Add(int64(len(got)))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left -= int64(len(got))
	c.answerBytes += int64(len(got))
	c.keepTail(got)
	if len(got) > 0 && err == nil && c.waiting && c.err == nil {
		c.timer.Reset(c.wait)
	}
	c.feedLocked(got)
	if err != nil && !c.closed {
		c.failLocked(c.lostLocked(err))
	}
}

// feedLocked splits what the server sent into responses and repairs them.
func (c *Conn) feedLocked(got []byte) {
	c.splitter.feed(got)
	if fault := c.cmd.broken; fault != nil {
		c.failLocked(fault)
	}
}

// stateLocked returns what reading or writing answers when the connection is
// over.
func (c *Conn) stateLocked() error {
	switch {
	case c.err != nil:
		return c.err
	case c.closed:
		return net.ErrClosed
	}
	return nil
}

func (c *Conn) keepTail(got []byte) {
	if len(got) >= tailSize {
		c.tail = append(c.tail[:0], got[len(got)-tailSize:]...)
		return
	}
	if over := len(c.tail) + len(got) - tailSize; over > 0 {
		c.tail = append(c.tail[:0], c.tail[over:]...)
	}
	c.tail = append(c.tail, got...)
}

// HasResponse reports whether the answer to the last command had an untagged response of
// one of these names.
func (c *Conn) HasResponse(names ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(names, func(name string) bool { return c.cmd.names[name] })
}

// Collect adds the FETCH responses to answer from here on; nil: they are dropped.
func (c *Conn) Collect(answer *Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cmd.answer = answer
}

// Skipped returns the first lines that were skipped since the last command began,
// and how many more there were.
func (c *Conn) Skipped() (lines []SkippedLine, more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd.skipped, c.cmd.more
}

// Stray returns the error of a line that go-imap read and has no use for; nil if err,
// the library's, is about something else.
func (c *Conn) Stray(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd.unexpected(err)
}

// lostLocked makes an error of a failed read, with the server's last words if
// it said goodbye.
func (c *Conn) lostLocked(err error) error {
	lost := &LostError{Err: err}
	if errors.Is(err, io.EOF) {
		lost.Err = nil
	}
	lines := bytes.Split(bytes.TrimRight(c.tail, "\r\n"), []byte("\n"))
	if last := lines[len(lines)-1]; len(last) > 6 && bytes.EqualFold(last[:6], []byte("* BYE ")) {
		lost.Bye = Printable(c.secrets.Hide(string(last[6:])))
	}
	return lost
}

// Cut returns what the server said of the part of the messages that its last answer is
// for, and whether that is not all of them.
func (c *Conn) Cut() (Cut, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd.codes.cut()
}

// HasCode reports whether an untagged response of the last answer had a code.
func (c *Conn) HasCode(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd.codes.has(name)
}

// TaggedCode returns the code of the line that ended the last answer.
func (c *Conn) TaggedCode() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd.codes.tagged.name
}

// BytesRead returns how many bytes the server has sent, after decryption.
func (c *Conn) BytesRead() int64 { return c.read.Load() }

// Write implements io.Writer for the library.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	err := c.stateLocked()
	c.cmd.sent(b)
	out := b
	if c.utf7 {
		out, c.utf7Rest = modifiedUTF7(append(c.utf7Rest, b...))
	}
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if _, err := c.Conn.Write(out); err != nil {
		c.Fail(&LostError{Err: err})
		return 0, c.Err()
	}
	return len(b), nil
}

// EncodeNames makes commands ASCII from here on.
func (c *Conn) EncodeNames() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.utf7 = true
}

// Close is called by the library when it can't read on. The reason is the
// library's to tell, so it is not kept here.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked()
	return nil
}

// SetDeadline ignores the deadlines of the library.
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline ignores them too.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline ignores them too.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }
