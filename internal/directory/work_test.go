package directory

import (
	"encoding/base64"
	"fmt"
	"sync/atomic"
	"testing"
)

// asked returns how many people a query looks at one by one: Among is asked for each, before anything else is.
func asked(d *Directory, q Query) int {
	var n atomic.Int64
	q.Among = func(int64) bool {
		n.Add(1)
		return true
	}
	d.Find(q)
	return int(n.Load())
}

// plausiblePeople returns a directory of n people.
func plausiblePeople(n int) *Directory {
	d := indexed()
	people := make([]Person, n)
	for i := range people {
		people[i] = plausible(i)
	}
	d.Put(people...)
	return d
}

// A search looks at those whose texts may match, and not at everybody.
func TestSearchesLookAtFew(t *testing.T) {
	t.Parallel()
	d := plausiblePeople(3 * segmentSize)
	for search, most := range map[string]int{"zzzqqq": 10, "smith123": 10, "garcia": 1000, "ann": 7000, "yu": 3500, "王": 500, "josé": 4500} {
		if n := asked(d, Query{Search: search, Limit: 25}); n > most {
			t.Errorf("a search for %q looks at %d people", search, n)
		}
	}
	d = indexed()
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	for i, letter := range letters {
		d.Put(Person{ID: int64(i + 1), Name: string(letter), Email: string(letter), Status: Active, Listed: true})
	}
	for i, letter := range letters {
		expectFound(t, d, string(letter), int64(i+1))
		if n := asked(d, Query{Search: string(letter), Limit: 25}); n != 1 {
			t.Errorf("a search for %q looks at %d people", letter, n)
		}
	}
}

// Once enough people are counted, a page looks only at those who may be on it, wherever it begins.
func TestPagesLookAtFew(t *testing.T) {
	t.Parallel()
	d := plausiblePeople(3 * segmentSize)
	for _, q := range []Query{{}, {Descending: true}, {Sort: Role}, {Sort: Email}, {Sort: LastAuth, Descending: true}} {
		q.Limit, q.CountLimit = 25, 1
		for range 3 {
			if n := asked(d, q); n > 3000 {
				t.Errorf("%+v looks at %d people", q, n)
			}
			q.After = d.Find(q).Next
		}
		if q.Sort == Name {
			q.After.Text = "katharina m"
			if n := asked(d, q); n > 3000 {
				t.Errorf("a page from %q on looks at %d people", q.After.Text, n)
			}
		}
	}
}

// A segment is gone through in the order of names where more than a sixteenth of it is on offer.
func TestManyRowsAreGoneThroughInOrder(t *testing.T) {
	t.Parallel()
	d := plausiblePeople(segmentSize + 1)
	rows := bitmap{}
	for row := range segmentSize / 16 {
		rows.add(row)
	}
	if d.segments[0].many(&rows) {
		t.Error("a sixteenth is many")
	}
	if rows.add(segmentSize / 16); !d.segments[0].many(&rows) {
		t.Error("more than a sixteenth is not many")
	}
	if d.segments[1].many(&rows) {
		t.Error("the rows of the last segment are in no order yet")
	}
}

func TestASegmentIsFull(t *testing.T) {
	t.Parallel()
	for _, try := range []struct {
		rows, text, kept int
		want             bool
	}{
		{segmentSize - 1, 1, 1, false}, {segmentSize, 1, 1, true}, {1, segmentMaxBytes, 0, false}, {1, segmentMaxBytes - 1, 1, false},
		{1, segmentMaxBytes, 1, true}, {1, segmentMaxBytes - 1, 2, true},
	} {
		s := segment{n: try.rows, text: make([]byte, try.text), kept: make([]byte, try.kept)}
		if s.full() != try.want {
			t.Errorf("%d rows with %d and %d bytes are full: %t", try.rows, try.text, try.kept, !try.want)
		}
	}
}

// A segment is given up once more than half of its people have gone, and the next one takes its place.
func TestSegmentsAreGivenUpAndUsedAgain(t *testing.T) {
	t.Parallel()
	d := plausiblePeople(2*segmentSize + 1)
	for id := range int64(segmentSize / 2) {
		d.Remove(id + 1)
	}
	if d.segments[0] == nil {
		t.Fatal("a segment is given up with half of its people")
	}
	if d.Remove(segmentSize); d.segments[0] != nil {
		t.Fatal("a segment is kept with less than half of its people")
	}
	for i := range segmentSize {
		d.Put(plausible(2*segmentSize + 1 + i))
	}
	if len(d.segments) != 3 || d.segments[0] == nil || len(d.unused) != 0 {
		t.Errorf("%d segments, of which %d are not used", len(d.segments), len(d.unused))
	}
	for id := range int64(4 * segmentSize) {
		d.Remove(id + 1)
	}
	if d.Len() != 0 || len(d.places) != 0 {
		t.Errorf("%d people are left, and places of %d pages", d.Len(), len(d.places))
	}
}

func TestACursorHasAnID(t *testing.T) {
	t.Parallel()
	if text := (Cursor{Sort: Email, Text: "x"}).String(); text != "" {
		t.Errorf("a cursor without an id is %q", text)
	}
	for id, want := range map[int64]Cursor{-1: {}, 0: {}, 1: {Text: "x", ID: 1}} {
		text := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"t":"x","i":%d}`, id))
		if got := ParseCursor(text); got != want {
			t.Errorf("id %d is read as %+v", id, got)
		}
	}
}
