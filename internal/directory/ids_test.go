package directory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestIDsOneAfterTheOther compares Next and Among with looking at everybody, also over gaps and after people were changed and removed.
func TestIDsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	d, random, status := indexed(), rand.New(rand.NewPCG(7, 7)), map[int64]Tab{}
	if d.LastID() != 0 || d.Next(0, Active) != 0 || len(d.Among([]int64{1}, Active)) != 0 {
		t.Error("an empty directory has somebody")
	}
	put := func(id int64, tab Tab) {
		d.Put(Person{ID: id, Name: fmt.Sprint("Name ", random.IntN(1000)), Email: fmt.Sprintf("p%d@example.com", id), Status: tab, Listed: true})
		status[id] = tab
	}
	for id := int64(1); id <= 20_000; id++ {
		tab := Invited
		if id < 500 || id > 4000 && id%3 == 0 || id == 2500 {
			tab = Active
		}
		put(id, tab)
	}
	for range 3000 { // moves rows to other segments
		id := random.Int64N(20_000) + 1
		if random.IntN(3) == 0 {
			d.Remove(id)
			delete(status, id)
			continue
		}
		put(id, status[id])
	}
	put(30_000, Active)
	var want []int64
	for id := int64(1); id <= 30_000; id++ {
		if tab, is := status[id]; is && tab == Active {
			want = append(want, id)
		}
	}
	var got []int64
	for id := d.Next(0, Active); id != 0; id = d.Next(id, Active) {
		got = append(got, id)
	}
	if !slices.Equal(got, want) || d.LastID() != 30_000 {
		t.Errorf("%d people one after the other, want %d; the last id is %d", len(got), len(want), d.LastID())
	}
	var all []int64
	for id := int64(0); id <= 30_001; id++ {
		all = append(all, id)
	}
	if among := d.Among(all, Active); !slices.Equal(among, want) {
		t.Errorf("%d people among all ids, want %d", len(among), len(want))
	}
}

// Nobody is missed where the ids that are looked at one by one end.
func TestNextAtTheEndOfWhatIsNear(t *testing.T) {
	t.Parallel()
	for _, id := range []int64{1, nearby - 1, nearby, nearby + 1, nearby + 2} {
		d := indexed()
		d.Put(Person{ID: id, Name: "Ann", Status: Active, Listed: true}, Person{ID: 3 * nearby, Name: "Bob", Status: Active, Listed: true})
		if next := d.Next(0, Active); next != id {
			t.Errorf("next after 0 is %d, want %d", next, id)
		}
	}
}
