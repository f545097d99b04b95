package imaptest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// talk sends commands through a proxy to a server that answers FETCH with two
// literals, and returns all that the client heard and how the connection ended;
// nil if the client ended it.
func talk(t *testing.T, f Fault) (string, *Proxy, error) {
	t.Helper()
	s := Scripted(t, func(c *Conn) {
		c.Play(Play{On: map[string]func(*Conn, Command){"UID FETCH": func(c *Conn, cmd Command) {
			c.Raw("* 1 FETCH (UID 1 BODY[] " + Literal("T2 OK not the end\r\n") + ")\r\n")
			c.Raw("* 2 FETCH (UID 2 BODY[] " + Literal("two") + ")\r\n")
			c.OK(cmd)
		}}})
	})
	p := NewProxy(t, s)
	p.Inject(f)
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	br := bufio.NewReader(conn)
	var heard strings.Builder
	read := func(until string) error {
		for {
			line, err := br.ReadString('\n')
			heard.WriteString(line)
			if err != nil || strings.HasPrefix(line, until) {
				return err
			}
		}
	}
	if err := read("*"); err != nil {
		return heard.String(), p, err
	}
	for _, line := range []string{"T1 NOOP", "T2 UID FETCH 1:2 BODY[]", "T3 LOGOUT"} {
		if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
			return heard.String(), p, err
		}
		until := line[:2] + " "
		if strings.HasPrefix(line, "T2") {
			until = "T2 OK UID" // not what the literal says
		}
		if f.Kind == Refuse && line[:2] == "T2" {
			until = "T2 NO"
		}
		if err := read(until); err != nil {
			return heard.String(), p, err
		}
	}
	return heard.String(), p, nil
}

func TestFaultStrikesAtItsStep(t *testing.T) {
	t.Parallel()
	const fetched = "* 1 FETCH (UID 1 BODY[] {19}\r\nT2 OK not the end\r\n)\r\n* 2 FETCH (UID 2 BODY[] {3}\r\ntwo)\r\nT2 OK UID FETCH done\r\n"
	const before, after = "* OK ready\r\nT1 OK NOOP done\r\n", "* BYE see you\r\nT3 OK LOGOUT done\r\n"
	for _, tt := range []struct {
		fault Fault
		want  string
		end   error
	}{
		{Fault{}, before + fetched + after, nil},
		{Fault{Step: 2, Kind: Late, Delay: time.Millisecond}, before + fetched + after, nil},
		{Fault{Step: 2, Kind: Refuse, Text: "NO not now"}, before + "T2 NO not now\r\n" + after, nil},
		{Fault{At: "UID FETCH", Kind: CutAnswered}, before, io.EOF},
		{Fault{Step: 2, Kind: Farewell}, before + "* BYE the server is going down\r\n", io.EOF},
		{Fault{Step: 0, Kind: Refuse, Text: "BYE too many"}, "* BYE too many\r\n", io.EOF},
		{Fault{Step: 0, Kind: CutOff}, "", io.EOF},
		{Fault{Step: 0, Kind: HalfLine}, "* OK r", io.EOF},
		{Fault{Step: 1, Kind: CutAnswered}, "* OK ready\r\n", io.EOF},
		{Fault{Step: 2, Kind: Reset}, before, syscall.ECONNRESET},
		{Fault{Step: 2, Kind: CutLiteral}, before + "* 1 FETCH (UID 1 BODY[] {19}\r\nT2 OK not", io.EOF},
		{Fault{Step: 2, Kind: HalfLine}, before + fetched[:len(fetched)-11], io.EOF},
		{Fault{Step: 2, Kind: Swapped}, before + "* 2 FETCH (UID 2 BODY[] {3}\r\ntwo)\r\n* 1 FETCH (UID 1 BODY[] {19}\r\nT2 OK not the end\r\n)\r\nT2 OK UID FETCH done\r\n" + after, nil},
	} {
		t.Run(string(tt.fault.Kind), func(t *testing.T) {
			t.Parallel()
			got, p, err := talk(t, tt.fault)
			if got != tt.want || !errors.Is(err, tt.end) {
				t.Errorf("heard %q and then %v, want %q and then %v", got, err, tt.want, tt.end)
			}
			if struck := p.Struck(); struck != (tt.fault.Kind != Undisturbed) {
				t.Errorf("Struck() = %t", struck)
			}
		})
	}
}

func TestStepsAreThoseOfTheConversation(t *testing.T) {
	t.Parallel()
	_, p, _ := talk(t, Fault{})
	steps := p.Steps()
	if len(steps) != 4 {
		t.Fatalf("steps = %+v, want 4", steps)
	}
	if got := steps[2]; got.Name() != "UID FETCH" || got.Responses != 2 || got.Literals != 2 {
		t.Errorf("step 2 = %+v, want a UID FETCH with two responses and two literals", got)
	}
	if got := steps[0]; got.Name() != "greeting" {
		t.Errorf("step 0 = %+v, want the greeting", got)
	}
	if !(Fault{Kind: CutLiteral}).Applies(steps[2]) || (Fault{Kind: CutLiteral}).Applies(steps[1]) {
		t.Error("only a step with a literal can be cut in one")
	}
}

// A proxy that stalls notices that its client has gone.
func TestStalledLinkEndsWithItsClient(t *testing.T) {
	t.Parallel()
	s := Scripted(t, func(c *Conn) { c.Play(Play{}) })
	p := NewProxy(t, s)
	p.Inject(Fault{Step: 1, Kind: Silence})
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "T1 NOOP\r\n"); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the fault strikes", p.Struck)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the link is gone", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.links) == 0
	})
}
