package directory

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// foldText ignores case and the marks of Latin, Greek and Cyrillic letters, as the console does.
func foldText(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return strings.ToLower(text)
	}
	var b strings.Builder
	var letter rune
	for _, r := range norm.NFD.String(cases.Fold().String(text)) {
		if !unicode.Is(unicode.Mn, r) {
			letter = r
		} else if unicode.In(letter, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
			continue
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

// naive answers queries by looking at everybody.
type naive map[int64]Person

func keepCase(text string) string { return norm.NFC.String(cases.Fold().String(composed(text))) }

func foldNFC(text string) string { return foldText(composed(text)) }

func foldBoth(text string) (folded, kept string) { return foldNFC(text), keepCase(text) }

func composed(text string) string { return norm.NFC.String(strings.ToValidUTF8(text, "\uFFFD")) }

// naiveMatch reports whether a term matches a person after both went through fold.
func naiveMatch(p Person, search string, fold func(string) string) bool {
	typed := norm.NFC.String(strings.TrimSpace(search))
	term, length := []rune(fold(typed)), utf8.RuneCountInString(typed)
	for _, text := range []string{p.Name, p.Email, p.RoleLabel} {
		runes := []rune(fold(text))
		for at := 0; at+len(term) <= len(runes); at++ {
			if slices.Equal(runes[at:at+len(term)], term) && (length >= 3 || naiveBegins(runes, at)) {
				return true
			}
		}
	}
	return false
}

func naiveBegins(text []rune, at int) bool {
	if at == 0 || unicode.In(text[at], unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
		return true
	}
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }
	return !inWord(text[at-1]) || !inWord(text[at])
}

func naiveInTab(p Person, tab Tab) bool {
	if tab == All {
		return p.Listed
	}
	return p.Status == tab
}

func naiveWanted(p Person, q Query) bool {
	auth := q.LastAuthBefore == 0 && !q.NeverAuth ||
		q.LastAuthBefore != 0 && p.LastAuth != 0 && p.LastAuth < q.LastAuthBefore || q.NeverAuth && p.LastAuth == 0
	return auth && (len(q.Roles) == 0 || slices.Contains(q.Roles, p.Role)) &&
		(q.SecondFactor == nil || *q.SecondFactor == p.SecondFactor) && (q.Among == nil || q.Among(p.ID)) &&
		(strings.TrimSpace(q.Search) == "" || naiveMatch(p, q.Search, foldNFC))
}

// list returns everybody under the tab in the order of the query, and the counts.
func (n naive) list(q Query) (ids []int64, counts Counts) {
	var people []Person
	for _, p := range n {
		if !naiveWanted(p, q) {
			continue
		}
		for tab, count := range map[Tab]*int{All: &counts.All, Active: &counts.Active, Invited: &counts.Invited, Disabled: &counts.Disabled} {
			if naiveInTab(p, tab) {
				*count++
			}
		}
		if naiveInTab(p, q.Tab) {
			people = append(people, p)
		}
	}
	slices.SortFunc(people, func(a, b Person) int {
		c := cmp.Or(cmp.Compare(naiveRank(a, q), naiveRank(b, q)), naiveCompare(a, b, q.Sort), cmp.Compare(a.ID, b.ID))
		if q.Descending {
			return -c
		}
		return c
	})
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids, counts
}

func naiveRank(p Person, q Query) int {
	if q.Sort != Name || q.Descending || strings.TrimSpace(q.Search) == "" || naiveMatch(p, q.Search, keepCase) {
		return 0
	}
	return 1
}

func naiveCompare(a, b Person, sort Sort) int {
	name := func(p Person) string { return foldNFC(cmp.Or(p.Name, p.Email)) }
	switch sort {
	case Role:
		return cmp.Or(strings.Compare(foldNFC(a.RoleLabel), foldNFC(b.RoleLabel)), strings.Compare(name(a), name(b)))
	case Email:
		return strings.Compare(foldNFC(a.Email), foldNFC(b.Email))
	case LastAuth:
		return cmp.Compare(a.LastAuth, b.LastAuth)
	}
	return strings.Compare(name(a), name(b))
}

var syllables = []string{
	"jo",
	"sé",
	"se\u0301",
	"Se",
	"kim",
	"Å",
	"ö",
	"ß",
	"ſ",
	"İ",
	"Jürgen",
	"Юрий",
	"й",
	"Ά",
	"ά",
	"王",
	"小明",
	"さくら",
	"ー",
	"カ",
	"ｶ",
	"한",
	"각",
	"דּ",
	"שׁ",
	" ",
	".",
	"-",
	"_",
	"+",
	"@",
	"%",
	"\\",
	"'",
	"\"",
	"’",
	"é",
	"a\u0327\u0301",
	"\u0301",
	"1",
	"２",
	"x\x00",
	"\n",
	"𠮷",
	"ﬁ",
	"aaaaaaaaaa",
	"क्षि",
}

func randomText(r *rand.Rand, most int) string {
	var b strings.Builder
	for range r.IntN(most + 1) {
		b.WriteString(syllables[r.IntN(len(syllables))])
	}
	return b.String()
}

var (
	testRoles  = []string{"admin", "analyst", "read"}
	testLabels = []string{"Administrator", "Analyst", "Análýst", "Lesen é", ""}
)

func randomPerson(r *rand.Rand, ids int64) Person {
	return Person{
		ID: 1 + r.Int64N(ids), Name: randomText(r, 4), Email: randomText(r, 2) + "@x.com", Role: testRoles[r.IntN(len(testRoles))],
		RoleLabel: testLabels[r.IntN(len(testLabels))], Status: Active + Tab(r.IntN(3)), Listed: r.IntN(4) > 0, SecondFactor: r.IntN(2) > 0,
		LastAuth: r.Int64N(4),
	}
}

func randomQuery(r *rand.Rand) Query {
	q := Query{Tab: Tab(r.IntN(tabCount)), Sort: Sort(r.IntN(4)), Descending: r.IntN(2) > 0, Limit: 1 + r.IntN(9)}
	if r.IntN(4) > 0 {
		q.Search = []string{randomText(r, 2), "jo", "se", "SÉ", "jose", "é", "com", "x.c", "an", "aná", "ana", " é "}[r.IntN(12)]
	}
	for range r.IntN(3) {
		q.Roles = append(q.Roles, append(testRoles, "none")[r.IntN(4)])
	}
	if r.IntN(3) == 0 {
		q.SecondFactor = new(r.IntN(2) > 0)
	}
	if r.IntN(4) == 0 {
		q.LastAuthBefore = r.Int64N(4)
	}
	q.NeverAuth = r.IntN(5) == 0
	if modulus := 2 + r.Int64N(3); r.IntN(4) == 0 {
		q.Among = func(id int64) bool { return id%modulus != 0 }
	}
	return q
}

// checkQuery compares the answers to a query, and all its pages in both directions, with the naive ones.
func checkQuery(t *testing.T, d *Directory, n naive, q Query) {
	t.Helper()
	want, counts := n.list(q)
	if got := d.Counts(q); got != counts {
		t.Fatalf("%+v: counts %+v, want %+v", q, got, counts)
	}
	sorted := slices.Sorted(slices.Values(want))
	if got := d.IDs(q); !slices.Equal(got, sorted) {
		t.Fatalf("%+v: ids %v, want %v", q, got, sorted)
	}
	if got := walk(t, d, q, counts); !slices.Equal(got, want) {
		t.Fatalf("%+v: pages %v, want %v", q, got, want)
	}
}

// walk reads all pages forwards, and again backwards, and returns the rows.
func walk(t *testing.T, d *Directory, q Query, counts Counts) (ids []int64) {
	t.Helper()
	var pages [][]int64
	for {
		page := d.Find(q)
		if page.Counts != counts || page.HasPrev != (len(pages) > 0) || len(page.IDs) > q.Limit {
			t.Fatalf("%+v: page %d is %+v, want counts %+v", q, len(pages), page, counts)
		}
		pages = append(pages, page.IDs)
		ids = append(ids, page.IDs...)
		if !page.HasNext {
			walkBack(t, d, q, page, pages)
			return ids
		}
		q.After = ParseCursor(page.Next.String())
	}
}

func walkBack(t *testing.T, d *Directory, q Query, page Page, pages [][]int64) {
	t.Helper()
	for i := len(pages) - 2; i >= 0; i-- {
		if !page.HasPrev {
			t.Fatalf("%+v: no page before page %d", q, i+1)
		}
		q.After, q.Before = Cursor{}, ParseCursor(page.Prev.String())
		page = d.Find(q)
		if !slices.Equal(page.IDs, pages[i]) || !page.HasNext || page.HasPrev != (i > 0) {
			t.Fatalf("%+v: page %d backwards is %+v, forwards %v", q, i, page, pages[i])
		}
	}
}

func TestLikeNaive(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			d, n := New(foldBoth), naive{}
			for step := range 500 {
				if step == 150 {
					d.BuildIndex()
				}
				changeBoth(r, d, n, 40+int64(step)/20)
				checkQuery(t, d, n, randomQuery(r))
			}
			if d.Len() != len(n) || len(d.segments)-len(d.unused) > 3 {
				t.Fatalf("%d people in %d segments, want %d", d.Len(), len(d.segments), len(n))
			}
		})
	}
}

// changeBoth makes some random changes: often few, sometimes so many that segments fill and are compacted.
func changeBoth(r *rand.Rand, d *Directory, n naive, ids int64) {
	changes := r.IntN(10)
	if r.IntN(40) == 0 {
		changes = 3000
	}
	for range changes {
		p := randomPerson(r, ids)
		old, known := n[p.ID]
		switch {
		case r.IntN(4) == 0:
			d.Remove(p.ID)
			delete(n, p.ID)
			continue
		case known && r.IntN(2) == 0:
			p.Name, p.Email = old.Name, old.Email
		}
		d.Put(p)
		n[p.ID] = p
	}
}

func TestManySegments(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	d, n := New(foldBoth), naive{}
	var people []Person
	for i := range int64(3*segmentSize + 100) {
		p := randomPerson(r, 1)
		p.ID = i + 1
		people = append(people, p)
		n[p.ID] = p
	}
	d.Put(people...)
	var gone []int64
	for id := range n {
		if r.IntN(5) < 3 && id != 1 {
			gone = append(gone, id)
			delete(n, id)
		}
	}
	d.Remove(gone...)
	if got := len(d.segments) - len(d.unused); got > 3 {
		t.Errorf("%d segments for %d people", got, d.Len())
	}
	for i := range 20 {
		if i == 10 {
			expectIndex(t, d, false)
			d.BuildIndex()
			expectIndex(t, d, true)
		}
		q := randomQuery(r)
		q.Limit = 500
		checkQuery(t, d, n, q)
	}
	for _, p := range people { // fills segments that have an index
		p.Email += "x"
		d.Put(p)
		n[p.ID] = p
	}
	expectIndex(t, d, true)
	for range 3 {
		q := randomQuery(r)
		q.Limit = 500
		checkQuery(t, d, n, q)
	}
}

// expectIndex expects every segment to have an index, or none, and the full ones their rows in order.
func expectIndex(t *testing.T, d *Directory, want bool) {
	t.Helper()
	for i, s := range d.segments {
		switch {
		case s == nil:
		case (s.index != nil) != want:
			t.Errorf("segment %d has an index: %t", i, !want)
		case want && i != d.tail && len(s.index.byName) != s.n:
			t.Errorf("%d of the %d rows of segment %d are in order", len(s.index.byName), s.n, i)
		}
	}
}

// While the index is made, people may come and go, and others search.
func TestBuildIndexWhilePeopleChange(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(8, 8))
	d, n := New(foldBoth), naive{}
	for i := range int64(4*segmentSize + 50) {
		p := randomPerson(r, 1)
		p.ID = i + 1
		d.Put(p)
		n[p.ID] = p
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.BuildIndex()
	}()
	for changing := true; changing; {
		select {
		case <-done:
			changing = false
		default:
		}
		for range 500 {
			p := randomPerson(r, 4*segmentSize)
			d.Remove(p.ID, p.ID+1)
			delete(n, p.ID+1)
			d.Put(p)
			n[p.ID] = p
		}
		d.Find(Query{Search: "jo", Limit: 10})
	}
	expectIndex(t, d, true)
	for range 5 {
		q := randomQuery(r)
		q.Limit = 1000
		checkQuery(t, d, n, q)
	}
}

func TestCursorOfAPersonWhoLeft(t *testing.T) {
	t.Parallel()
	d, n := indexed(), naive{}
	for i := range int64(30) {
		n[i+1] = Person{ID: i + 1, Name: "Kim", Email: fmt.Sprint(i), RoleLabel: fmt.Sprint("Role ", i%3), Status: Active, Listed: true}
		d.Put(n[i+1])
	}
	for _, sort := range []Sort{Name, Role, Email, LastAuth} {
		q := Query{Sort: sort, Limit: 10}
		page := d.Find(q)
		d.Remove(page.IDs[9])
		q.After = page.Next
		want, _ := n.list(Query{Sort: sort})
		if got := d.Find(q).IDs; !slices.Equal(got, want[10:20]) {
			t.Errorf("sort %d: %v, want %v", sort, got, want[10:20])
		}
		d.Put(n[page.IDs[9]])
		q.Sort = (sort + 1) % 4
		if got := d.Find(q); got.HasPrev {
			t.Errorf("a cursor of sort %d counts under %d", sort, q.Sort)
		}
	}
}

// indexed returns an empty directory with an index.
func indexed() *Directory {
	d := New(foldBoth)
	d.BuildIndex()
	return d
}

// listed makes active people of names.
func listed(names ...string) *Directory {
	d := indexed()
	for i, name := range names {
		d.Put(
			Person{
				ID:        int64(i + 1),
				Name:      name,
				Email:     fmt.Sprintf("p%d@x", i+1),
				Role:      "analyst",
				RoleLabel: "Analyst",
				Status:    Active,
				Listed:    true,
			},
		)
	}
	return d
}

func expectFound(t *testing.T, d *Directory, search string, want ...int64) {
	t.Helper()
	if got := d.Find(Query{Search: search, Limit: 50}).IDs; !slices.Equal(got, want) {
		t.Errorf("%q finds %v, want %v", search, got, want)
	}
}

func TestFC104_PatternCharactersAreThemselves(t *testing.T) {
	t.Parallel()
	d := listed("a_b@x", "axb@x", "50 % off", `back\slash`, "O'Neil")
	expectFound(t, d, "a_b", 1)
	expectFound(t, d, "a%b")
	expectFound(t, d, "0 %", 3)
	expectFound(t, d, "% o", 3)
	expectFound(t, d, `k\s`, 4)
	expectFound(t, d, "%", 3)
	expectFound(t, d, "_", 1)
	expectFound(t, d, `\`, 4)
	expectFound(t, d, "'", 5)
	expectFound(t, d, "o'n", 5)
}

func TestFC106_AccentsAreIgnoredAndExactMatchesComeFirst(t *testing.T) {
	t.Parallel()
	d := listed("Jose", "José", "Jose\u0301", "JOSÉ", "JOSE", "Josephine", "Zoë José")
	expectFound(t, d, "jose", 1, 5, 6, 2, 3, 4, 7)
	expectFound(t, d, "josé", 2, 3, 4, 7, 1, 5, 6)
	expectFound(t, d, "JOSE\u0301", 2, 3, 4, 7, 1, 5, 6)
	got := d.Find(Query{Search: "josé", Limit: 50, Descending: true}).IDs
	if want := []int64{7, 6, 5, 4, 3, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("descending %v, want %v", got, want)
	}
}

func TestFC107_EqualRowsAppearOnce(t *testing.T) {
	t.Parallel()
	d, n := indexed(), naive{}
	for i := range int64(120) {
		n[i+1] = Person{ID: i + 1, Name: "Kim", Email: "kim@x", Role: "a", RoleLabel: "A", Status: Active, Listed: true}
		d.Put(n[i+1])
	}
	for _, sort := range []Sort{Name, Role, Email, LastAuth} {
		for _, descending := range []bool{false, true} {
			for _, search := range []string{"", "kim"} {
				checkQuery(t, d, n, Query{Sort: sort, Descending: descending, Search: search, Limit: 25})
			}
		}
	}
}

func TestShortTermsMatchBeginningsOfWords(t *testing.T) {
	t.Parallel()
	d := listed("Anna Lee", "Joanna", "x.an", "x-an", "x_an", "x+an", "1an", "王小明", "ソフィー", "Ann\u0303an")
	expectFound(t, d, "an", 7, 1, 10, 2, 6, 4, 3, 5, 9, 8) // the role is Analyst
	for id := range int64(10) {
		d.Put(
			Person{
				ID:     id + 1,
				Name:   []string{"Anna Lee", "Joanna", "x.an", "x-an", "x_an", "x+an", "1an", "王小明", "ソフィー", "Anñan"}[id],
				Status: Active,
				Listed: true,
			},
		)
	}
	expectFound(t, d, "an", 1, 10, 6, 4, 3, 5)
	expectFound(t, d, "明", 8)
	expectFound(t, d, "小明", 8)
	expectFound(t, d, "ィ", 9)
	expectFound(t, d, "nna", 1, 2, 10)
	expectFound(t, d, "n")
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	d := indexed()
	d.Put(randomPerson(rand.New(rand.NewPCG(1, 1)), 1))
	var all sync.WaitGroup
	for worker := range uint64(4) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(worker, 2))
			for range 400 {
				for range 20 {
					d.Put(randomPerson(r, 300))
				}
				d.Remove(1 + r.Int64N(300))
				q := randomQuery(r)
				page := d.Find(q)
				q.After = page.Next
				if len(d.Find(q).IDs) > q.Limit || d.Counts(Query{}).All > d.Len()+300 || !slices.IsSorted(d.IDs(q)) {
					t.Error("impossible answer")
				}
			}
		})
	}
	all.Wait()
}

func FuzzParseCursor(f *testing.F) {
	for _, seed := range []string{
		"", "x", Cursor{ID: 1}.String(), Cursor{Sort: Role, Role: "a", Text: "\u2028<é", ID: 1 << 62}.String(),
		Cursor{Sort: LastAuth, Time: -1, ID: 7, Inexact: true}.String(), "eyJpIjotMX0", "eyJpIjoxLCJzIjo5OX0", "eyJpIjoxZTk5fQ", "bnVsbA", "W10",
	} {
		f.Add(seed)
	}
	d := listed("Jose", "José", "")
	f.Fuzz(func(t *testing.T, text string) {
		c := ParseCursor(text)
		if again := ParseCursor(c.String()); again != c {
			t.Errorf("%q is read as %+v, then as %+v", text, c, again)
		}
		for sort := range Sort(4) {
			for _, q := range []Query{{Sort: sort, After: c, Limit: 2, Search: "s"}, {Sort: sort, Before: c, Limit: 2, Descending: true}} {
				d.Find(q)
			}
		}
	})
}

// FuzzSearch: whatever is searched for among people of whatever names, the directory finds whom a look at everybody finds.
func FuzzSearch(f *testing.F) {
	for _, seed := range [][3]string{{"José", "ann@example.com", "jose"}, {"O'Brien", "x", "'b"}, {"王小明", "a_b@x", "明"}, {"\u0301", "é", "e"}, {"İ", "ſ", "s"}, {"a\x00b", "\u0e4d", " "},
		{"ab", "", "ab\x00"}, {"Ann\u0303an", "ΑΣ ς", "σ"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, name, email, search string) {
		if !utf8.ValidString(name + email) {
			return // nobody is stored so
		}
		d, n := New(foldBoth), naive{}
		for i, p := range []Person{{Name: name, Email: email}, {Name: email, Email: name}, {Name: "Ann", Email: name + email}, {Name: search, Email: "x"}} {
			p.ID, p.Role, p.RoleLabel, p.Status, p.Listed = int64(i+1), "analyst", "Analyst", Active, true
			n[p.ID] = p
			d.Put(p)
		}
		for range 2 {
			for sort := range Sort(4) {
				checkQuery(t, d, n, Query{Search: search, Sort: sort, Limit: 2})
			}
			d.BuildIndex()
		}
	})
}
