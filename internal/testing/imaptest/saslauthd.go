package imaptest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// saslauthd checks passwords for Cyrus, on a socket, until the test ends.
func saslauthd(t testing.TB, socket string, right func(user, password string) bool) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err == nil {
		err = os.Chmod(socket, 0o777) // the server runs as another user
	}
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			err = errors.Join(conn.SetDeadline(time.Now().Add(adminWait)), answerPassword(conn, right))
			if err = errors.Join(err, conn.Close()); err != nil {
				t.Logf("answering whether a password is right: %v", err)
			}
		}
	}()
}

// answerPassword reads user, password, service and realm, each after its length, and
// answers in the same format.
func answerPassword(conn io.ReadWriter, right func(user, password string) bool) error {
	var fields [4]string
	for i := range fields {
		var size uint16
		if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
			return err
		}
		field := make([]byte, size)
		if _, err := io.ReadFull(conn, field); err != nil {
			return err
		}
		fields[i] = string(field)
	}
	user, password, realm := fields[0], fields[1], fields[3]
	if realm != "" {
		user += "@" + realm
	}
	verdict := "NO"
	if right(user, password) {
		verdict = "OK"
	}
	_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(verdict))), verdict...))
	return err
}
