package imapbox

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
)

// tailSize is how much of what the server said last is kept, to find its
// farewell when it closes the connection.
const tailSize = 2048

// A wire is the connection as go-imap sees it. The library sets deadlines that
// suit a mail reader and reads on after errors; the wire
//
//   - lets at most wait pass between two reads while a command is outstanding,
//     and any time at all while none is,
//   - bounds what the server sends in answer to a command,
//   - has each line mended before the library reads it, and takes FETCH out,
//   - keeps the first error and returns it ever after, and
//   - counts what was read.
//
// A failure closes the connection, since that alone unblocks a read.
type wire struct {
	net.Conn          // TLS or plain
	raw      net.Conn // below TLS: closing it waits for nobody
	wait     time.Duration
	read     atomic.Int64

	mu      sync.Mutex
	err     error // why the connection is unusable; the first reason stays
	closed  bool
	waiting bool        // a command is outstanding
	timer   *time.Timer // runs while waiting
	left    int64       // bytes the server may still send
	replay  []byte      // read before the library started
	tail    []byte
	heardOf int64   // bytes of the answer to the command that is outstanding, or was last
	secrets secrets // that the server was told, and may repeat
	utf7    bool    // what is not ASCII is sent as modified UTF-7
	unsent  []byte  // with utf7: the part of a name whose other part is to come

	in      []byte // what is read into
	stream  stream
	replies replies
}

// keep remembers a password, or an answer in a SASL exchange, that no error is
// to spread.
func (w *wire) keep(password string, answer []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets.password(password)
	w.secrets.answer(answer)
}

// hide takes secrets out of what the server said.
func (w *wire) hide(text string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.secrets.hide(text)
}

// newWire wraps conn, whose raw connection is raw. The library reads replay
// first.
func newWire(conn, raw net.Conn, wait time.Duration, replay []byte) *wire {
	w := &wire{Conn: conn, raw: raw, wait: wait, left: maxUnasked, replay: replay}
	w.replies.hide = w.secrets.hide
	w.stream.to = &w.replies
	w.timer = time.AfterFunc(wait, w.expired)
	w.timer.Stop()
	return w
}

// begin starts the clock for a command whose answer has at most budget bytes.
func (w *wire) begin(budget int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = budget
	w.heardOf = 0
	w.replies.begin()
	w.waiting = true
	if w.err == nil {
		w.timer.Reset(w.wait)
	}
}

// end stops the clock.
func (w *wire) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = maxUnasked
	w.waiting = false
	w.timer.Stop()
}

func (w *wire) expired() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting {
		w.failLocked(fmt.Errorf("%w within %s", ErrTimeout, w.wait))
	}
}

// fail makes the connection unusable for the reason err, unless it is so
// already, and closes it.
func (w *wire) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failLocked(err)
}

func (w *wire) failLocked(err error) {
	if w.err == nil {
		w.err = err
	}
	w.timer.Stop()
	w.closeLocked()
}

func (w *wire) closeLocked() {
	if !w.closed {
		w.closed = true
		_ = w.raw.Close() // it is given up
	}
}

// cause returns why the connection is unusable, nil if it is not.
func (w *wire) cause() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// readSize is how much is read at once, in bytes: a record of TLS.
const readSize = 16 << 10

// Read implements io.Reader for the library's goroutine.
func (w *wire) Read(b []byte) (int, error) {
	for {
		n, space, err := w.beforeRead(b)
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		n, err = w.Conn.Read(w.in[:space])
		w.afterRead(w.in[:n], err)
	}
}

// beforeRead gives the library what there is for it. If there is nothing, space is
// how much of in may be filled.
func (w *wire) beforeRead(b []byte) (n, space int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.replay) > 0 {
		w.feedLocked(w.replay)
		w.replay = nil
	}
	if len(w.stream.out) > 0 {
		n := copy(b, w.stream.out)
		w.stream.out = append(w.stream.out[:0], w.stream.out[n:]...)
		return n, 0, nil
	}
	if err := w.stateLocked(); err != nil {
		return 0, 0, err
	}
	if w.left <= 0 {
		w.failLocked(errTooMuch)
		return 0, 0, w.err
	}
	if w.in == nil {
		w.in = make([]byte, readSize)
	}
	return 0, int(min(readSize, w.left)), nil
}

func (w *wire) afterRead(got []byte, err error) {
	w.read.Add(int64(len(got)))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left -= int64(len(got))
	w.heardOf += int64(len(got))
	w.keepTail(got)
	if len(got) > 0 && err == nil && w.waiting && w.err == nil {
		w.timer.Reset(w.wait)
	}
	w.feedLocked(got)
	if err != nil && !w.closed {
		w.failLocked(w.lostLocked(err))
	}
}

// feedLocked has what the server sent mended, as far as it can be.
func (w *wire) feedLocked(got []byte) {
	w.stream.feed(got)
	if fault := w.replies.broken; fault != nil {
		w.failLocked(fault)
	}
}

// stateLocked returns what reading or writing answers when the connection is
// over.
func (w *wire) stateLocked() error {
	switch {
	case w.err != nil:
		return w.err
	case w.closed:
		return net.ErrClosed
	}
	return nil
}

func (w *wire) keepTail(got []byte) {
	if len(got) >= tailSize {
		w.tail = append(w.tail[:0], got[len(got)-tailSize:]...)
		return
	}
	if over := len(w.tail) + len(got) - tailSize; over > 0 {
		w.tail = append(w.tail[:0], w.tail[over:]...)
	}
	w.tail = append(w.tail, got...)
}

// heard reports whether the answer to the last command had an untagged response of
// one of these names.
func (w *wire) heard(names ...string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(names, func(name string) bool { return w.replies.names[name] })
}

// gather has answer take the FETCH responses from here on; nil: they are dropped.
func (w *wire) gather(answer *answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replies.answer = answer
}

// passedOver returns the first lines that were passed over since the last command
// began, and how many more there were.
func (w *wire) passedOver() (lines []passedLine, more int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.replies.passed, w.replies.more
}

// unexpected makes an error of a line that go-imap read and has no use for; nil if
// that is not what the library's error is about.
func (w *wire) unexpected(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.replies.unexpected(err.Error())
}

// lostLocked makes an error of a failed read, with the server's last words if
// it said goodbye.
func (w *wire) lostLocked(err error) error {
	lost := &lostError{err: err}
	if errors.Is(err, io.EOF) {
		lost.err = nil
	}
	lines := bytes.Split(bytes.TrimRight(w.tail, "\r\n"), []byte("\n"))
	if last := lines[len(lines)-1]; len(last) > 6 && bytes.EqualFold(last[:6], []byte("* BYE ")) {
		lost.bye = printable(w.secrets.hide(string(last[6:])))
	}
	return lost
}

// Write implements io.Writer for the library.
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	err := w.stateLocked()
	w.replies.sent(b)
	out := b
	if w.utf7 {
		out, w.unsent = modifiedUTF7(append(w.unsent, b...))
	}
	w.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if _, err := w.Conn.Write(out); err != nil {
		w.fail(&lostError{err: err})
		return 0, w.cause()
	}
	return len(b), nil
}

// encodeNames makes commands ASCII from here on.
func (w *wire) encodeNames() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.utf7 = true
}

// Close is called by the library when it can't read on. The reason is the
// library's to tell, so it is not kept here.
func (w *wire) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closeLocked()
	return nil
}

// SetDeadline ignores the library's deadlines, as do the next two.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
