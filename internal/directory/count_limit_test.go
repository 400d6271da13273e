package directory

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// A search that stops counting shows the same page, and counts that are right as far as they were asked for.
func TestCountLimit(t *testing.T) {
	t.Parallel()
	d := indexed()
	people := make([]Person, 6*segmentSize)
	for i := range people {
		people[i] = plausible(i)
		if i%7 == 0 {
			people[i].Status = Disabled
		}
	}
	d.Put(people...)
	stopped := false
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		q := Query{Tab: Tab(r.IntN(tabCount)), Sort: Sort(r.IntN(4)), Descending: r.IntN(2) == 0, Limit: 1 + r.IntN(30)}
		q.Search = []string{"", "com", "example", "jose", "josé", "a", "an", "administrator", "smith", "zzzqqq"}[r.IntN(10)]
		if r.IntN(4) == 0 {
			q.Roles = []string{"role1", "role2"}
		}
		if r.IntN(4) == 0 {
			q.Among = func(id int64) bool { return id%3 > 0 }
		}
		for range r.IntN(4) { // some pages on
			if page := d.Find(q); page.HasNext {
				q.After = page.Next
			}
		}
		if page := d.Find(q); page.HasPrev && r.IntN(2) == 0 {
			q.After, q.Before = Cursor{}, page.Prev
		}
		want := d.Find(q)
		q.CountLimit = 1 + r.IntN(3000)
		got := d.Find(q)
		stopped = stopped || got.Counts != want.Counts
		checkCounts(t, got.Counts, want.Counts, q.CountLimit)
		got.Counts = want.Counts
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v:\n%+v\n%+v", q, got, want)
		}
	}
	if !stopped {
		t.Error("no search stopped counting")
	}
}

func checkCounts(t *testing.T, got, want Counts, limit int) {
	t.Helper()
	for tab, n := range [tabCount][2]int{{got.All, want.All}, {got.Active, want.Active}, {got.Invited, want.Invited}, {got.Disabled, want.Disabled}} {
		if n[0] != n[1] && (n[0] <= limit || n[1] <= limit) {
			t.Fatalf("tab %d: %d of %d, limit %d", tab, n[0], n[1], limit)
		}
	}
}

// A tab with as many people as are to be counted may have one more, which the number is to show.
func TestWhatIsCountedEnough(t *testing.T) {
	t.Parallel()
	for counted, want := range map[int]bool{99: false, 100: false, 101: true} {
		byOthers, own := &search{query: Query{CountLimit: 100}}, &search{query: Query{CountLimit: 100}}
		byOthers.counted[Active].Store(int64(counted))
		if (&scan{}).countedEnough(byOthers, int(Active)) != want || (&scan{counts: tabCounts{Active: counted}}).countedEnough(own, int(Active)) != want {
			t.Errorf("%d of 100 are enough: %t", counted, !want)
		}
	}
	if (&scan{counts: tabCounts{Active: 1}}).countedEnough(&search{}, int(Active)) {
		t.Error("without a limit, one is enough")
	}
}
