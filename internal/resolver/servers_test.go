package resolver

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestServers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, configured, conf string
		want                   []string
	}{
		{"configured, with port", "192.0.2.1:5353", "nameserver 192.0.2.9\n", []string{"192.0.2.1:5353"}},
		{"configured, without port", "192.0.2.1", "", []string{"192.0.2.1:53"}},
		{"a name", "dns.example", "", []string{"dns.example:53"}},
		{"IPv6 with port", "[2001:db8::1]:5353", "", []string{"[2001:db8::1]:5353"}},
		{"IPv6 without port", "2001:db8::1", "", []string{"[2001:db8::1]:53"}},
		{"IPv6 in brackets", "[2001:db8::1]", "", []string{"[2001:db8::1]:53"}},
		{"those of the system", "", "# c\nnameserver 192.0.2.1\noptions edns0\nnameserver 2001:db8::1\n", []string{"192.0.2.1:53", "[2001:db8::1]:53"}},
		{"three of the system at most", "", "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
			[]string{"192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"}},
		{"the system names none", "", "search example\n", []string{"127.0.0.1:53"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "resolv.conf")
			if err := os.WriteFile(file, []byte(tt.conf), 0o600); err != nil {
				t.Fatal(err)
			}
			get := servers(tt.configured, file)
			if diff := cmp.Diff(tt.want, get()); diff != "" {
				t.Errorf("servers (-want +got):\n%s", diff)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, get()); diff != "" {
				t.Errorf("the file is read again (-want +got):\n%s", diff)
			}
		})
	}
	if got := servers("", filepath.Join(t.TempDir(), "absent"))(); !cmp.Equal(got, []string{"127.0.0.1:53"}) {
		t.Errorf("without a file: %q", got)
	}
}
