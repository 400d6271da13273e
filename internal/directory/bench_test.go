package directory

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const million = 1_000_000

var (
	firstNames = strings.Fields(
		`Anna Peter Christopher María José Jose Laura Zoë Jürgen Alexander Katharina Mohammed Olivia Noah Emma Liam Sofía Björn
		Daniel Michael Elizabeth Yuki Wei Thomas Benjamin Charlotte Amelia Isabella Gabriel Samuel Victoria Nicolás Hannah Jonathan Rebecca`,
	)
	lastNames = strings.Fields(
		`Smith Johansson Novák García Müller Williams Rodriguez Fernández Anderson Thompson Martinez Robinson Nakamura Petrov
		Kowalski O'Connor Schneider Hoffmann Dubois Lefèvre Rossi Bianchi Jensen Andersen Kim Nguyen Takahashi Silva Oliveira Popescu`,
	)
	domains    = []string{"example.com", "example.com", "example.com", "mail.example.com", "partner-firm.com"}
	roleLabels = []string{"Analyst", "Read only", "Administrator", "Billing manager", "Global Administrator", "Support engineer"}
)

// plausible returns person number i of a company, with about 60 bytes of text.
func plausible(i int) Person {
	r := rand.New(rand.NewPCG(uint64(i), 3))
	first, last := firstNames[r.IntN(len(firstNames))], lastNames[r.IntN(len(lastNames))]
	role := r.IntN(len(roleLabels))
	p := Person{
		ID: int64(i + 1), Name: first + " " + last, Role: fmt.Sprint("role", role), RoleLabel: roleLabels[role],
		Email:  strings.ReplaceAll(foldText(fmt.Sprintf("%s.%s%d@%s", first, last, i, domains[r.IntN(len(domains))])), "'", ""),
		Status: Active, Listed: true, SecondFactor: r.IntN(3) > 0, LastAuth: r.Int64N(1e12),
	}
	if r.IntN(10) == 0 {
		p.Status, p.LastAuth, p.Listed = Invited, 0, r.IntN(4) > 0
	}
	return p
}

// processorTime makes b report the processor time of an operation too: unlike the time it took, it is the same on a busy machine.
func processorTime(b *testing.B) {
	start := usedTime()
	b.Cleanup(func() { b.ReportMetric(float64((usedTime()-start).Microseconds())/1000/float64(b.N), "cpu-ms/op") })
}

func usedTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// unindexedMillion is plausibleMillion as it is just after a start.
var unindexedMillion = sync.OnceValue(func() *Directory {
	d := New(foldBoth)
	for i := 0; i < million; i += 1000 {
		putThousand(d, i)
	}
	return d
})

var plausibleMillion = sync.OnceValue(func() *Directory {
	d := indexed()
	for i := 0; i < million; i += 1000 {
		putThousand(d, i)
	}
	return d
})

func putThousand(d *Directory, from int) {
	people := make([]Person, 1000)
	for i := range people {
		people[i] = plausible(from + i)
	}
	d.Put(people...)
}

func BenchmarkFind(b *testing.B) {
	d := plausibleMillion()
	terms := []struct{ kind, search string }{
		{"none", ""}, {"nobody", "zzzqqq"}, {"rare", "smith77123"}, {"name", "garcia"}, {"accent", "josé"}, {"accentless", "jose"},
		{"domain", "com"}, {"part", "exa"}, {"role", "administrator"}, {"everywhere", "ane"}, {"one", "c"}, {"onerare", "y"}, {"two", "an"},
		{"twocommon", "co"}, {"tworare", "yu"}, {"han", "王"}, {"email", "@example.com"},
	}
	sorts := []struct {
		name string
		sort Sort
	}{{"name", Name}, {"role", Role}, {"email", Email}, {"auth", LastAuth}}
	for _, term := range terms {
		for _, sort := range sorts {
			b.Run(term.kind+"/"+sort.name, func(b *testing.B) {
				processorTime(b)
				for b.Loop() {
					d.Find(Query{Search: term.search, Sort: sort.sort, Limit: 25})
				}
			})
		}
	}
}

func BenchmarkFindUnindexed(b *testing.B) {
	d := unindexedMillion()
	for _, search := range []string{"zzzqqq", "smith77123", "com", "ane", "c", "y", "王", "administrator"} {
		b.Run(search, func(b *testing.B) {
			processorTime(b)
			for b.Loop() {
				d.Find(Query{Search: search, Limit: 25})
			}
		})
	}
}

func BenchmarkFindFiltered(b *testing.B) {
	d := plausibleMillion()
	middle := d.Find(Query{Limit: 1}).Next
	middle.Text = "katharina m"
	queries := map[string]Query{
		"roles":      {Roles: []string{"role1", "role2"}},
		"all":        {Search: "com", Roles: []string{"role1", "role2"}, SecondFactor: new(true), LastAuthBefore: 5e11, Tab: Active},
		"never":      {NeverAuth: true, Tab: Invited, Sort: Email},
		"group":      {Search: "an", Among: func(id int64) bool { return id%100 == 0 }},
		"descending": {Search: "com", Descending: true},
		"middle":     {Search: "com", After: middle},
		"middleback": {Before: middle},
		"accents":    {Search: "é", After: middle},
	}
	for name, q := range queries {
		q.Limit = 25
		b.Run(name, func(b *testing.B) {
			processorTime(b)
			for b.Loop() {
				d.Find(q)
			}
		})
	}
}

func BenchmarkFindAllCalledKim(b *testing.B) {
	d := indexed()
	for i := range million {
		d.Put(Person{ID: int64(i + 1), Name: "Kim", Email: "kim@example.com", Role: "a", RoleLabel: "Analyst", Status: Active, Listed: true})
	}
	for _, search := range []string{"", "kim", "ki"} {
		for sort := range Sort(4) {
			b.Run(fmt.Sprintf("%q/%d", search, sort), func(b *testing.B) {
				processorTime(b)
				for b.Loop() {
					d.Find(Query{Search: search, Sort: sort, Descending: true, Limit: 25})
				}
			})
		}
	}
}

func BenchmarkCounts(b *testing.B) {
	d := plausibleMillion()
	for _, search := range []string{"", "com"} {
		b.Run(fmt.Sprintf("%q", search), func(b *testing.B) {
			processorTime(b)
			for b.Loop() {
				d.Counts(Query{Search: search})
			}
		})
	}
}

func BenchmarkIDs(b *testing.B) {
	d := plausibleMillion()
	for b.Loop() {
		d.IDs(Query{Search: "com"})
	}
}

func BenchmarkPut(b *testing.B) {
	d := plausibleMillion()
	defer func() { // leave the directory to other benchmarks as it was
		for i := 0; i < million; i += 1000 {
			putThousand(d, i)
		}
	}()
	people := make([]Person, 1<<16)
	for i := range people {
		people[i] = plausible(i)
	}
	b.Run("signin", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			p := people[i%len(people)]
			p.LastAuth = int64(i)
			d.Put(p)
		}
	})
	b.Run("rename", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			p := people[i%len(people)]
			p.Name = fmt.Sprint(p.Name, i)
			d.Put(p)
		}
	})
}

func BenchmarkLoadMillion(b *testing.B) {
	before := heapBytes()
	for b.Loop() {
		b.StopTimer()
		d := New(foldBoth)
		for from := 0; from < million; from += 1000 {
			people := make([]Person, 1000)
			for i := range people {
				people[i] = plausible(from + i)
			}
			b.StartTimer()
			d.Put(people...)
			b.StopTimer()
		}
		b.StartTimer()
		d.BuildIndex()
		b.StopTimer()
		b.ReportMetric(float64(heapBytes()-before)/(1<<20), "MiB")
		runtime.KeepAlive(d)
		b.StartTimer()
	}
}
