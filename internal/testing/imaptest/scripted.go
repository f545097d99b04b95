package imaptest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Scripted starts a server that runs script for each connection, in a goroutine of
// its own. A connection is closed when script returns, and all are closed when the
// test ends. The script ends once its connection is closed. Most scripts call
// [Conn.Play].
func Scripted(t testing.TB, script func(c *Conn), opts ...Option) *Server {
	t.Helper()
	o := collectOptions(opts)
	ca := newAuthority(t, t.TempDir())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	st := &stage{
		listener: listener,
		config:   ca.serverConfig(t, o),
		implicit: o.tls == "implicit",
		open:     make(map[net.Conn]struct{}),
	}
	st.done.Go(func() { st.accept(script) })
	t.Cleanup(st.close)
	return &Server{
		Kind: KindScripted, Host: "127.0.0.1", Port: portOf(t, port), Addr: listener.Addr().String(), TLS: o.tls,
		CA: ca.pool, CAFile: ca.file, Username: "reports@example.test", Password: "scripted secret",
	}
}

// A stage holds the connections of a scripted server.
type stage struct {
	listener net.Listener
	config   *tls.Config
	implicit bool
	done     sync.WaitGroup

	mu   sync.Mutex
	over bool
	open map[net.Conn]struct{}
}

func (s *stage) accept(script func(*Conn)) {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[raw] = struct{}{}
		over := s.over
		s.mu.Unlock()
		if over {
			_ = raw.Close()
		}
		c := &Conn{conn: raw, raw: raw, config: s.config}
		if s.implicit {
			c.conn = tls.Server(raw, s.config)
		}
		c.br = bufio.NewReader(c.conn)
		s.done.Go(func() {
			defer func() {
				_ = c.raw.Close()
				s.mu.Lock()
				delete(s.open, c.raw)
				s.mu.Unlock()
			}()
			script(c)
		})
	}
}

func (s *stage) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.over = true
	for raw := range s.open {
		_ = raw.Close()
	}
	s.mu.Unlock()
	s.done.Wait()
}

// A Conn is the server's end of a scripted connection.
type Conn struct {
	conn, raw net.Conn
	br        *bufio.Reader
	config    *tls.Config
}

// A Command is one line of the client.
type Command struct {
	Tag  string
	Name string // in upper case; "UID FETCH" is one name
	Args string
}

// Send writes lines.
func (c *Conn) Send(lines ...string) {
	for _, line := range lines {
		c.Raw(line + "\r\n")
	}
}

// Raw writes bytes as they are.
func (c *Conn) Raw(s string) {
	if _, err := io.WriteString(c.conn, s); err != nil {
		runtime.Goexit()
	}
}

// Line reads a line of the client.
func (c *Conn) Line() string {
	line, err := c.br.ReadString('\n')
	if err != nil {
		runtime.Goexit()
	}
	return strings.TrimRight(line, "\r\n")
}

// Next reads a command of the client.
func (c *Conn) Next() Command {
	tag, rest, _ := strings.Cut(c.Line(), " ")
	name, args, _ := strings.Cut(rest, " ")
	name = strings.ToUpper(name)
	if name == "UID" {
		var sub string
		sub, args, _ = strings.Cut(args, " ")
		name += " " + strings.ToUpper(sub)
	}
	return Command{Tag: tag, Name: name, Args: args}
}

// OK completes a command with OK.
func (c *Conn) OK(cmd Command) { c.Send(cmd.Tag + " OK " + cmd.Name + " done") }

// No completes a command with NO; text may begin with a response code.
func (c *Conn) No(cmd Command, text string) { c.Send(cmd.Tag + " NO " + text) }

// Hang sends nothing more and waits for the client to close.
func (c *Conn) Hang() {
	for {
		_ = c.Line()
	}
}

// Close ends the connection.
func (c *Conn) Close() {
	_ = c.raw.Close()
	runtime.Goexit()
}

// StartTLS does the server's part of a handshake.
func (c *Conn) StartTLS() {
	conn := tls.Server(c.raw, c.config)
	if err := conn.Handshake(); err != nil {
		runtime.Goexit()
	}
	c.conn, c.br = conn, bufio.NewReader(conn)
}

// A Play is a correct server, except for the answers that On changes.
type Play struct {
	Greeting     string // default "* OK ready"
	Capabilities string // default "IMAP4rev1 AUTH=PLAIN SASL-IR"
	// On replaces the answer to a command, by name.
	On map[string]func(c *Conn, cmd Command)
}

// Play greets and answers commands until the client logs out. Every login
// succeeds. Each folder exists, has UIDVALIDITY 7, UIDNEXT 4 and three messages,
// and keeps all flags; searches find nothing, and fetches yield nothing.
func (c *Conn) Play(p Play) {
	if p.Greeting == "" {
		p.Greeting = "* OK ready"
	}
	if p.Capabilities == "" {
		p.Capabilities = "IMAP4rev1 AUTH=PLAIN SASL-IR"
	}
	c.Send(p.Greeting)
	for {
		cmd := c.Next()
		if on := p.On[cmd.Name]; on != nil {
			on(c, cmd)
			continue
		}
		switch cmd.Name {
		case "CAPABILITY":
			c.Send("* CAPABILITY " + p.Capabilities)
		case "SELECT", "EXAMINE":
			c.Send("* 3 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 4] ok", `* OK [PERMANENTFLAGS (\Seen \Deleted \*)] ok`)
		case "STATUS":
			name, _, _ := strings.Cut(cmd.Args, " ")
			c.Send(fmt.Sprintf("* STATUS %s (UIDVALIDITY 7 UIDNEXT 4 MESSAGES 3)", name))
		case "UID SEARCH":
			c.Send("* SEARCH")
		case "LOGOUT":
			c.Send("* BYE see you")
			c.OK(cmd)
			return
		}
		c.OK(cmd)
	}
}

// Literal returns s as an IMAP literal.
func Literal(s string) string { return fmt.Sprintf("{%d}\r\n%s", len(s), s) }
