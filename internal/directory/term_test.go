package directory

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

func TestWhatIsInWords(t *testing.T) {
	t.Parallel()
	for c := range rune(0x2100) {
		if want := unicode.In(c, unicode.L, unicode.M, unicode.N); inWord(c) != want {
			t.Errorf("%q is in a word: %t", c, !want)
		}
	}
	if !beginsWord([]byte{'a', separator, 'b'}, 2) {
		t.Error("a word goes on behind the end of a text")
	}
	for text, begins := range map[string]bool{"ab": false, "a李": true, "李a": false, "李李": true, "a-": true, "-a": true, "a한": true, "a\u1100": true, "aж": false} {
		at := len(text) - len(string([]rune(text)[1]))
		if beginsWord([]byte(text), at) != begins {
			t.Errorf("a word begins with the second character of %q: %t", text, !begins)
		}
	}
}

// A finder remembers where its needle was last; what it finds does not depend on that.
func TestAFinderFindsWhatIsThere(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	text := func(length int) []byte {
		b := make([]byte, length)
		for i := range b {
			b[i] = "ab -"[r.IntN(4)]
		}
		return b
	}
	for range 300 {
		needle, anywhere := text(1+r.IntN(3)), r.IntN(2) == 0
		f := finder{needle: needle, anywhere: anywhere}
		for range 50 {
			in := text(r.IntN(12))
			want := false
			for at := range in {
				want = want || bytes.HasPrefix(in[at:], needle) && (anywhere || beginsWord(in, at))
			}
			if f.in(in) != want {
				t.Fatalf("%q is in %q (anywhere: %t): %t", needle, in, anywhere, !want)
			}
		}
	}
}

func TestAFinderRemembersWhereItFound(t *testing.T) {
	t.Parallel()
	f := finder{needle: []byte("co")}
	for _, text := range []string{"x.co", "ann.company", "co", "a-co-b"} {
		if !f.in([]byte(text)) || f.again([]byte(text)) != strings.Index(text, "co") {
			t.Errorf("in %q it looks at place %d first", text, f.again([]byte(text)))
		}
	}
	if f.in([]byte("disco")) || f.again([]byte("disco")) != 1 || f.again([]byte("x")) != 0 {
		t.Error("it has not remembered the last match")
	}
	d := listed("Colin", "Ann Co")
	f = finder{needle: []byte("co")}
	if s := d.segments[0]; !f.inRow(s, 1) || f.again(s.textOf(1)) != 4 || !f.inRow(s, 0) || f.again(s.textOf(0)) != 0 {
		t.Error("it has not remembered the last match in a row")
	}
}

// A letter or digit of ASCII at the beginning of a word has a set of its own: nobody in it has to be looked at.
func TestOneLetterIsSettled(t *testing.T) {
	t.Parallel()
	for search, want := range map[string]bool{
		"a": true, "Z": true, "0": true, "9": true, "é": true, "an": false, "ana": false, "9.": false, ".": false, "王": false, "'": false,
	} {
		if got := newTerm(search, foldBoth); got.settled != want {
			t.Errorf("%q is settled: %t", search, got.settled)
		}
	}
}

// Where words begin is remembered of the first 64 bytes of a text only.
func TestWordsFarBehindAreFound(t *testing.T) {
	t.Parallel()
	d := indexed()
	for at := range int64(130) {
		d.Put(Person{ID: at + 1, Name: strings.Repeat("x", int(at)) + " zq", Email: "x", Status: Active, Listed: true})
		d.Put(Person{ID: at + 1001, Name: strings.Repeat("x", int(at)) + "zq", Email: "x", Status: Active, Listed: true}) // not where a word begins
	}
	found := d.Find(Query{Search: "zq", Limit: 500})
	if len(found.IDs) != 131 || found.Counts.All != 131 {
		t.Errorf("%d people are found, counted %+v", len(found.IDs), found.Counts)
	}
	for _, id := range found.IDs {
		if id > 1001 {
			t.Errorf("%d is found by the middle of a word", id)
		}
	}
}

func TestKeysOfRoles(t *testing.T) {
	t.Parallel()
	name := sortPrefix("zzzzzzzz")
	for rank := range uint64(maxRoleRank + 3) {
		key, next := roleKey(rank, name), roleKey(rank+1, 0)
		if rank < maxRoleRank && key >= next {
			t.Fatalf("rank %d comes behind the next one", rank)
		}
		if rank >= maxRoleRank && key != next {
			t.Fatalf("rank %d has no part in the last one", rank)
		}
	}
	if roleKey(7, sortPrefix("aaaa")) >= roleKey(7, sortPrefix("aaab")) {
		t.Error("names do not decide within a role")
	}
}

// A sign-in changes neither name nor address: the row stays where it is.
func TestStateIsWrittenInPlace(t *testing.T) {
	t.Parallel()
	d := indexed()
	p := Person{ID: 1, Name: "José", Email: "jose@example.com", Status: Invited, Listed: true}
	d.Put(p)
	for range 100 {
		p.LastAuth++
		p.Status = Active
		d.Put(p)
	}
	if s := d.segments[0]; s.n != 1 || s.lastAuth[0] != 100 || d.counts[Active] != 1 || d.counts[Invited] != 0 {
		t.Errorf("%d rows, last sign-in %d, counts %v", s.n, s.lastAuth[0], d.counts)
	}
	p.Name = "Jose"
	if d.Put(p); d.segments[0].n != 2 || d.Len() != 1 {
		t.Errorf("another accent: %d rows of %d people", d.segments[0].n, d.Len())
	}
}
