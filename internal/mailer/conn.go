package mailer

import (
	"bytes"
	"errors"
	"io"
	"net"
)

// maxServerBytes bounds what a server may say during one session. A session is
// a few dozen lines of at most a few hundred bytes, and TLS.
const maxServerBytes = 1 << 20

var errTalksTooMuch = errors.New("the server says more than any server has to say")

// A boundedConn reads at most a given number of bytes from a connection.
type boundedConn struct {
	net.Conn
	left int // bytes that may still be read
}

// Read reads within the bound.
func (c *boundedConn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTalksTooMuch
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// A recordingConn keeps what is read until stop is called. go-smtp shows of the
// answer to EHLO only what is in today's form.
type recordingConn struct {
	net.Conn
	stopped bool
	heard   bytes.Buffer
}

// Read reads, and keeps what was read.
func (c *recordingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.stopped {
		c.heard.Write(b[:n])
	}
	return n, err
}

// stop ends the recording and returns it.
func (c *recordingConn) stop() string {
	c.stopped = true
	return c.heard.String()
}

// A replayConn gives out what has been read before, and then the connection.
//
// go-smtp's client begins by reading the greeting. This package has by then
// read it itself, so that a missing greeting is distinguished from a refused EHLO, and
// so that the EHLO before STARTTLS can give the configured name: go-smtp would
// say "EHLO localhost" there, which some relays take for a robot's.
type replayConn struct {
	net.Conn
	replay io.Reader
}

// newReplayConn returns a connection from which replay is read first.
func newReplayConn(conn net.Conn, replay string) *replayConn {
	return &replayConn{Conn: conn, replay: bytes.NewReader([]byte(replay))}
}

// Read reads what is replayed, and then from the connection.
func (c *replayConn) Read(b []byte) (int, error) {
	n, err := c.replay.Read(b)
	if errors.Is(err, io.EOF) {
		return c.Conn.Read(b)
	}
	return n, err
}
