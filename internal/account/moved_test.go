package account

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"console/internal/permission"
	"console/internal/userlist"
	"console/store"
	"console/store/storetest"
)

// Parts of names of many scripts, with letters that fold, order or compose otherwise than they look.
var movedNames = strings.Fields(`Anna anna ANNA Änne Anne Ångström Ægir Émile Émile Zoë İpek ipek Ilgın Straße STRASSE Strasse
	O'Neil o'neil de-la-Cruz Müller Mueller muller Ørsted Łukasz Lukasz Søren Æ Ðorđe Παπαδόπουλος παπαδοπουλοσ Σίσυφος Иван иван
	Ёлкин Елкин Ольга שרה محمد فاطمة ประเสริฐ 李 李明 王小明 山田 ヤマダ やまだ 김민준 देवी 👩‍🚀 ﬁnn Ⅻ ａｂｃ 100% a_b %_ \ " ' ; -- z Z`)

// movedPeople fills a database of SQLite with people of all scripts, some in groups, and returns its path.
func movedPeople(t *testing.T, r *rand.Rand, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "console.db")
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	pick := func(texts []string) string { return texts[r.IntN(len(texts))] }
	now := store.At(time.Now())
	fill := func(tx *store.Tx) error {
		if err := tx.SaveSealedConstant(t.Context(), []byte("x")); err != nil {
			return err
		}
		for i := range 3 {
			group := store.Group{Name: "Group " + strconv.Itoa(i), Role: permission.Analyst}
			if err := tx.InsertGroup(t.Context(), &group); err != nil {
				return err
			}
		}
		for i := range n {
			email := strings.ToLower(pick([]string{"Ann", "bob", "x.y", "ÖL", "李"})) + strconv.Itoa(i) + pick([]string{"@example.com", "@Exämple.org"})
			p := store.User{UUID: strconv.Itoa(i), Email: email, EmailKey: email, FirstName: pick(movedNames), LastName: pick(movedNames),
				Role: permission.Roles()[r.IntN(len(permission.Roles()))], CreatedAt: 1}
			switch r.IntN(4) {
			case 0: // invited
				p.JoinedAt = 1
			case 1:
				p.JoinedAt, p.ActivatedAt, p.DisabledAt = 1, 1, 1+store.Millis(r.IntN(9))
			default:
				p.JoinedAt, p.ActivatedAt = 1, 1
				p.LastAuthAt = []store.Millis{0, now, now.Add(-200 * 24 * time.Hour), store.Millis(r.IntN(99))}[r.IntN(4)]
			}
			if err := tx.InsertUser(t.Context(), &p); err != nil {
				return err
			}
			if _, err := tx.AddMember(t.Context(), 1+int64(r.IntN(3)), p.ID); err != nil {
				return err
			}
		}
		return nil
	}
	if err := db.Load(t.Context(), fill); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw := storetest.Raw(t, path)
	defer raw.Close()
	if _, err := raw.Exec(`UPDATE users SET two_factor = id % 2`); err != nil {
		t.Fatal(err)
	}
	return path
}

// movedNumber is how many people are moved: 2,000, or as many as MOVED_PEOPLE says.
func movedNumber(t *testing.T) int {
	t.Helper()
	text := os.Getenv("MOVED_PEOPLE")
	if text == "" {
		return 2000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 2000 {
		t.Fatalf("MOVED_PEOPLE=%s is not 2000 or more", text)
	}
	return n
}

// The list is the same on both engines, whatever is searched for, and so is what follows on its second page.
func TestPG07_ListsAreTheSameOnBothEngines(t *testing.T) {
	t.Parallel()
	if !storetest.OnPostgres() {
		t.Skip("it compares both engines")
	}
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed))
	path, place := movedPeople(t, r, movedNumber(t)), storetest.Bare(t, "")
	if _, err := store.Copy(t.Context(), path, place, func(store.CopyStep) {}); err != nil {
		t.Fatal(err)
	}
	var lists [2]*userlist.List
	now := time.Now()
	for i, at := range []string{path, place} {
		db, err := store.Open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		lists[i] = userlist.New(db, func() time.Time { return now }, func(int64, int64) {})
	}
	pages, rows := 0, 0
	for range 500 {
		q := randomUserQuery(r)
		for range 2 {
			here, err := lists[0].Page(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			there, err := lists[1].Page(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(asShown(here), asShown(there)) {
				t.Errorf("%+v answers with %d and %d rows, or others, or in another order", q, len(here.Rows), len(there.Rows))
			}
			pages, rows = pages+1, rows+len(here.Rows)
			if q.Cursor = here.Next; q.Cursor == "" {
				break
			}
		}
	}
	if pages < 600 || rows < 5000 {
		t.Errorf("only %d pages with %d rows were compared", pages, rows)
	}
}

// asShown is a page with one number for all that only say that there are more.
func asShown(p userlist.Page) userlist.Page {
	for _, n := range []*int{&p.Counts.All, &p.Counts.Active, &p.Counts.Invited, &p.Counts.Disabled} {
		*n = min(*n, userlist.CountedTo+1)
	}
	return p
}

func randomUserQuery(r *rand.Rand) userlist.Query {
	q := userlist.Query{Tab: store.TabAll, Sort: store.SortName, Descending: r.IntN(2) == 0}
	q.Tab = []store.Tab{store.TabAll, store.TabActive, store.TabInvited, store.TabDisabled}[r.IntN(4)]
	q.Sort = []store.Sort{store.SortName, store.SortEmail, store.SortRole, store.SortLastAuth}[r.IntN(4)]
	if r.IntN(3) > 0 {
		letters := []rune(movedNames[r.IntN(len(movedNames))])
		from := r.IntN(len(letters))
		q.Search = string(letters[from : from+1+r.IntN(len(letters)-from)])
		change := []func(string) string{strings.ToUpper, strings.ToLower, strings.Clone}[r.IntN(3)]
		q.Search = change(q.Search)
	}
	if r.IntN(4) == 0 {
		q.Role = permission.Roles()[r.IntN(len(permission.Roles()))]
	}
	if r.IntN(4) == 0 {
		q.Group = int64(1 + r.IntN(3))
	}
	if r.IntN(6) == 0 {
		q.SecondFactor = []string{"on", "off"}[r.IntN(2)]
	}
	if r.IntN(4) == 0 {
		q.LastAuth = []string{"90d", "never"}[r.IntN(2)]
	}
	return q
}
