package imapbox

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/google/go-cmp/cmp"
)

func TestSets(t *testing.T) {
	t.Parallel()
	spread := func(n int, step uint32) []uint32 {
		var uids []uint32
		for i := range n {
			uids = append(uids, math.MaxUint32-uint32(i)*step)
		}
		return uids
	}
	pairs := func(n int) []uint32 {
		var uids []uint32
		for i := range n / 2 {
			uids = append(uids, math.MaxUint32-uint32(i)*1000, math.MaxUint32-uint32(i)*1000-1)
		}
		return uids
	}
	for _, tt := range []struct {
		name string
		uids []uint32
		want int // sets
	}{
		{"none", nil, 0},
		{"zero is no UID", []uint32{0}, 0},
		{"one", []uint32{7}, 1},
		{"twice and unsorted", []uint32{7, 3, 7, 5, 0}, 1},
		{"a full set", spread(maxSetUIDs, 1), 1},
		{"one more", spread(maxSetUIDs+1, 1), 2},
		{"long numbers, far apart", spread(3000, 1000), 5},
		{"long numbers, in pairs", pairs(3000), 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []uint32
			all := sets(tt.uids, maxSetUIDs)
			for _, set := range all {
				if text := set.String(); len(text) > 8000 || strings.Contains(text, "*") {
					t.Errorf("set of %d bytes: %.100s", len(text), text)
				}
				got = append(got, members(set)...)
			}
			if len(all) != tt.want {
				t.Errorf("%d sets, want %d", len(all), tt.want)
			}
			want := slices.Compact(slices.Sorted(slices.Values(tt.uids)))
			want = slices.DeleteFunc(want, func(uid uint32) bool { return uid == 0 })
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Errorf("members (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		set      imap.UIDSet
		from, to uint32
		limit    int
		want     []uint32
	}{
		{"nothing", nil, 1, 10, 10, nil},
		{"within", imap.UIDSet{{Start: 1, Stop: 20}}, 3, 5, 10, []uint32{3, 4, 5}},
		{"limited", imap.UIDSet{{Start: 1, Stop: 4294967295}}, 1, math.MaxUint32, 2, []uint32{1, 2}},
		{"the last UID there is", imap.UIDSet{{Start: 4294967294, Stop: 4294967295}}, 1, math.MaxUint32, 10, []uint32{4294967294, 4294967295}},
		{"several", imap.UIDSet{{Start: 1, Stop: 2}, {Start: 9, Stop: 9}}, 2, 9, 10, []uint32{2, 9}},
		{"an open end is not believed", imap.UIDSet{{Start: 5, Stop: 0}}, 1, 10, 10, nil},
		{"no room", imap.UIDSet{{Start: 5, Stop: 9}}, 1, 10, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, walk(tt.set, tt.from, tt.to, tt.limit)); diff != "" {
				t.Errorf("walk (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplitBySize(t *testing.T) {
	t.Parallel()
	const limit = 10 << 20
	uids := []uint32{1, 2, 3, 4, 5, 6}
	sizes := map[uint32]int64{1: 6 << 20, 2: 6 << 20, 3: 6 << 20, 4: 90 << 20, 5: -1}
	var got [][]uint32
	for _, set := range (&Session{sizes: Batches{}.withDefaults()}).splitBySize(uids, sizes, limit) {
		got = append(got, members(set))
	}
	// 4 counts as the limit, and so do 5 and 6, whose sizes are not known.
	if diff := cmp.Diff([][]uint32{{1, 2}, {3}, {4}, {5}, {6}}, got); diff != "" {
		t.Errorf("splitBySize (-want +got):\n%s", diff)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, header string
		want         map[string][]string
	}{
		{"empty", "", map[string][]string{}},
		{"only the empty line", "\r\n", map[string][]string{}},
		{"one", "Subject: hello\r\n\r\n", map[string][]string{"Subject": {"hello"}}},
		{"folded", "Content-Type: a/b;\r\n\tname=\"c\r\n d\"\r\n", map[string][]string{"Content-Type": {"a/b;\tname=\"c d\""}}},
		{"twice", "From: a\r\nFrom: b\r\n", map[string][]string{"From": {"a", "b"}}},
		{"lone LF", "From: a\nSubject: b\n", map[string][]string{"From": {"a"}, "Subject": {"b"}}},
		{"space before the colon", "Subject : b\r\n", map[string][]string{"Subject": {"b"}}},
		{"no colon", "garbage\r\nSubject: b\r\n", map[string][]string{"Subject": {"b"}}},
		{"no name", ": x\r\nSubject: b\r\n", map[string][]string{"Subject": {"b"}}},
		{"folded without a start", " x\r\nSubject: b\r\n", map[string][]string{"Subject": {"b"}}},
		{"folded without a start, with a colon", " x: y\r\nSubject: b\r\n", map[string][]string{"Subject": {"b"}}},
		{"folded after garbage", "garbage\r\n x: y\r\nSubject: b\r\n", map[string][]string{"Subject": {"b"}}},
		{"cut off", "Subject: b\r\nFro", map[string][]string{"Subject": {"b"}}},
		{"cut off in a value", "Subject: b", map[string][]string{"Subject": {"b"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := Fields{[]byte(tt.header)}
			got := map[string][]string{}
			for name, value := range f.All() {
				got[name] = append(got[name], unfold(value))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			for name, values := range tt.want {
				if first := f.Get(strings.ToUpper(name)); first != values[0] {
					t.Errorf("Get = %q, want %q", first, values[0])
				}
			}
		})
	}
}

func FuzzFields(f *testing.F) {
	for _, seed := range []string{"Subject: a\r\n b\r\n\r\n", ": \n:\n", "a\n b\n", "X:\x00\r\r\n\ty"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		total := 0
		for name, folded := range (Fields{data}).All() {
			if name == "" || strings.ContainsAny(name, ":\n") {
				t.Errorf("field name %q", name)
			}
			value := unfold(folded)
			total += len(name) + len(value)
			if strings.Contains(value, "\n") {
				t.Errorf("line end in the value %q", value)
			}
		}
		if total > len(data) {
			t.Errorf("%d bytes of fields from %d bytes", total, len(data))
		}
	})
}

// Of a header too long to keep, the fields that mark a report are kept.
func TestClippedFields(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*maxClipped)
	f := Fields{[]byte("X-Other: y\r\nsubject: " + long + "\r\nSUBJECT: second\r\nContent-Type: multipart/report;\r\n\treport-type=tlsrpt\r\nFrom: a@b.example\r\n\r\n")}.clipped(maxClipped)
	want := map[string]string{
		"Subject": long[:maxClipped-1], "Content-Type": "multipart/report;\treport-type=tlsrpt", "From": "a@b.example", "X-Other": "", "Message-ID": "",
	}
	got := map[string]string{}
	for name := range want {
		got[name] = f.Get(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clipped (-want +got):\n%s", diff)
	}
}
