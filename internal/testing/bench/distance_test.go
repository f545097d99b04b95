package bench

import (
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// A distance forwards connections to a server with a delay in each direction, which
// does not depend on the amount of data. It counts the bytes that come back.
type distance struct {
	port     int
	returned atomic.Int64
}

// far puts a distance in front of an address, half of the round trip each way.
func far(tb testing.TB, address string, roundTrip time.Duration) *distance {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { listener.Close() })
	d := &distance{port: listener.Addr().(*net.TCPAddr).Port}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", address)
			if err != nil {
				client.Close()
				continue
			}
			go carry(server, client, roundTrip/2, nil)
			go carry(client, server, roundTrip/2, &d.returned)
		}
	}()
	return d
}

// carry forwards each piece after the delay.
func carry(to, from net.Conn, after time.Duration, count *atomic.Int64) {
	type piece struct {
		data []byte
		due  time.Time
	}
	pieces := make(chan piece, 4096)
	go func() {
		defer to.Close()
		for p := range pieces {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err != nil {
				from.Close()
				for range pieces {
				}
				return
			}
		}
	}()
	defer close(pieces)
	for {
		buf := make([]byte, 32<<10)
		n, err := from.Read(buf)
		if n > 0 {
			if count != nil {
				count.Add(int64(n))
			}
			pieces <- piece{buf[:n], time.Now().Add(after)}
		}
		if err != nil {
			return
		}
	}
}
