package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"console/store"
)

// someEntries writes entries with few values, many of them at the same moment or at one before the last.
func someEntries(t *testing.T, db *store.DB, random *rand.Rand, n int) []store.Entry {
	t.Helper()
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	entries := make([]store.Entry, n)
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range entries {
			id := int64(random.IntN(4))
			entries[i] = store.Entry{
				At: store.Millis(1000 + i/8 - random.IntN(2)), ActorID: id, Actor: fmt.Sprintf("Pérson %d", id), Source: pick("UI", "CLI", "System"),
				Action: pick("make", "change", "refused"), ObjectType: pick("user", "group"), ObjectID: int64(random.IntN(4)),
				Object: pick("Łódź", "Kraków"), Outcome: pick("done", "done", "done", "failed"), Changes: "{}",
			}
			if random.IntN(5) == 0 {
				entries[i].JobID = 1 + int64(random.IntN(2))
			}
			if err := tx.InsertEntry(t.Context(), mac, &entries[i]); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return entries
}

// meant says whether an entry matches, as simply as it can be said.
func meant(f store.EntryFilter, e store.Entry) bool {
	is := func(wanted, value string) bool { return wanted == "" || wanted == value }
	switch {
	case f.ActorID != 0 && e.ActorID != f.ActorID, f.Nobody && e.ActorID != 0,
		f.UserID != 0 && e.ActorID != f.UserID && (e.ObjectType != "user" || e.ObjectID != f.UserID),
		f.ObjectType != "" && f.ObjectID != 0 && e.ObjectID != f.ObjectID,
		f.JobID != 0 && e.JobID != f.JobID, e.At < f.From, f.To != 0 && e.At >= f.To,
		f.Text != "" && (e.ActorID != 2 || e.Object != "Łódź"):
		return false
	}
	return is(f.ObjectType, e.ObjectType) && is(f.Action, e.Action) && is(f.Outcome, e.Outcome) && is(f.Source, e.Source)
}

func someFilter(random *rand.Rand) (f store.EntryFilter) {
	set := func(choose func()) {
		if random.IntN(4) == 0 {
			choose()
		}
	}
	set(func() { f.ActorID = 1 + int64(random.IntN(4)) })
	set(func() { f.Nobody = f.ActorID == 0 })
	set(func() { f.UserID = 1 + int64(random.IntN(3)) })
	set(func() { f.ObjectType = []string{"user", "group", "tenant"}[random.IntN(3)] })
	set(func() { f.ObjectID = 1 + int64(random.IntN(4)) })
	set(func() { f.Action = []string{"make", "refused"}[random.IntN(2)] })
	set(func() { f.Outcome = "failed" })
	set(func() { f.Source = []string{"CLI", "System"}[random.IntN(2)] })
	set(func() { f.JobID = 1 + int64(random.IntN(3)) })
	set(func() { f.From = store.Millis(1000 + random.IntN(20)) })
	set(func() { f.To = store.Millis(1020 + random.IntN(20)) })
	set(func() { f.Text = "LODZ person 2" })
	return f
}

// walk reads all pages from a position on, in one direction, and returns the ids in the order in which they were met.
func walk(t *testing.T, db *store.DB, kinds *store.EntryKinds, query store.EntryQuery) (ids []int64) {
	t.Helper()
	for {
		page, err := db.EntryPage(t.Context(), kinds, query)
		if err != nil {
			t.Fatal(err)
		}
		onPage := make([]int64, len(page.Entries))
		for i, e := range page.Entries {
			onPage[i] = e.ID
		}
		next := page.Older
		if query.Newer {
			slices.Reverse(onPage)
			next = page.Newer
		}
		ids = append(ids, onPage...)
		if next == (store.EntryPosition{}) {
			return ids
		}
		if next == query.Behind {
			t.Fatalf("the page of %+v leads to itself", query)
		}
		query.Behind = next
	}
}

func TestPagesOfEntriesAreThoseThatMatchInTheirOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	db := open(t)
	kinds := &store.EntryKinds{}
	var entries []store.Entry
	for range 4 { // kinds are learned anew with the entries
		entries = append(entries, someEntries(t, db, random, 100)...)
		byPlace := slices.SortedFunc(slices.Values(entries), func(a, b store.Entry) int {
			return slices.Compare([]int64{int64(b.At), b.ID}, []int64{int64(a.At), a.ID})
		})
		for range 60 {
			query := store.EntryQuery{EntryFilter: someFilter(random), Limit: 1 + random.IntN(20)}
			if random.IntN(2) == 0 {
				e := entries[random.IntN(len(entries))]
				query.Behind, query.Newer = e.Position(), random.IntN(2) == 0
			}
			var want []int64
			for _, e := range byPlace {
				order := slices.Compare([]int64{int64(e.At), e.ID}, []int64{int64(query.Behind.At), query.Behind.ID})
				if meant(query.EntryFilter, e) && (query.Behind.ID == 0 || query.Newer && order > 0 || !query.Newer && order < 0) {
					want = append(want, e.ID)
				}
			}
			if query.Newer {
				slices.Reverse(want)
			}
			if got := walk(t, db, kinds, query); !slices.Equal(got, want) {
				t.Fatalf("%+v: got %v, want %v", query, got, want)
			}
		}
	}
}

func TestPagingSkipsAndRepeatsNoEntryWhileEntriesArrive(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	db := open(t)
	kinds := &store.EntryKinds{}
	for _, f := range []store.EntryFilter{{}, {Source: "UI"}, {ActorID: 1}, {UserID: 1}, {ObjectType: "user", ObjectID: 2, Outcome: "done"}} {
		someEntries(t, db, random, 200)
		want := walk(t, db, kinds, store.EntryQuery{EntryFilter: f, Limit: 1000})
		var forth, back []int64
		var pages []store.EntryPage
		query := store.EntryQuery{EntryFilter: f, Limit: 7}
		for {
			page, err := db.EntryPage(t.Context(), kinds, query)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, page)
			for _, e := range page.Entries {
				forth = append(forth, e.ID)
			}
			someEntries(t, db, random, 3) // of a moment long past, and newer ones, as clocks go
			if query.Behind = page.Older; query.Behind == (store.EntryPosition{}) {
				break
			}
		}
		forth = slices.DeleteFunc(forth, func(id int64) bool { return id > slices.Max(want) })
		if !slices.Equal(forth, want) {
			t.Errorf("%+v: on the way %v, want %v", f, forth, want)
		}
		last := pages[len(pages)-1]
		query.Behind, query.Newer = last.Newer, true
		back = slices.DeleteFunc(walk(t, db, kinds, query), func(id int64) bool { return id > slices.Max(want) })
		slices.Reverse(back)
		if before := want[:len(want)-len(last.Entries)]; len(last.Entries) < 7 && !slices.Equal(back, before) {
			t.Errorf("%+v: on the way back %v, want %v", f, back, before)
		}
	}
}

func TestASearchSaysHowFarItLooked(t *testing.T) {
	db := open(t)
	if err := db.Load(t.Context(), func(tx *store.Tx) error {
		for i := range store.EntriesLookedAt + 10 {
			e := store.Entry{At: store.Millis(i + 1), Actor: "Ann", Source: "UI", Action: "a", ObjectType: "user", Outcome: "done", Changes: "{}"}
			if i == 5 {
				e.Actor = "Zoë"
			}
			if err := tx.InsertEntry(t.Context(), mac, &e); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	kinds := &store.EntryKinds{}
	query := store.EntryQuery{EntryFilter: store.EntryFilter{Text: "zoe"}, Limit: 10}
	page, err := db.EntryPage(t.Context(), kinds, query)
	if err != nil || len(page.Entries) != 0 || page.LookedTo != 11 || page.Older.At != 11 {
		t.Fatalf("the first look: %+v, %v", page, err)
	}
	query.Behind = page.Older
	page, err = db.EntryPage(t.Context(), kinds, query)
	if err != nil || len(page.Entries) != 1 || page.LookedTo != 0 || page.Older != (store.EntryPosition{}) {
		t.Fatalf("going on: %+v, %v", page, err)
	}
	query = store.EntryQuery{EntryFilter: store.EntryFilter{Text: "zoe", Source: "UI"}, Limit: 10}
	for looks, last := 0, store.Millis(0); ; looks++ {
		page, err = db.EntryPage(t.Context(), kinds, query)
		if err != nil || looks > 3 || page.LookedTo != page.Older.At || page.LookedTo == last && last != 0 {
			t.Fatalf("look %d in a source: %+v, %v", looks, page, err)
		}
		if last, query.Behind = page.LookedTo, page.Older; last == 0 {
			break
		}
	}
	if len(page.Entries) != 1 {
		t.Errorf("the last look found %v", page.Entries)
	}
}

// However long the log is, a page must not read all of it: neither for what is rare, nor for what is not there.
func TestEntriesAreFoundByTheirIndexes(t *testing.T) {
	path := onSQLite(t, "the plans are SQLite's")
	db := openAt(t, path)
	for index, filters := range map[string][]store.EntryFilter{
		"activity_at":                 {{}, {From: 1, To: 2}},
		"activity_kind":               {{Source: "UI"}, {Outcome: "done", To: 5}, {Action: "a"}, {ObjectType: "user"}},
		"activity_of_actor":           {{ActorID: 1}, {Nobody: true, Source: "UI"}, {ActorID: 1, ObjectType: "user", To: 5}, {ActorID: 1, Action: "a"}},
		"activity_of_object":          {{ObjectType: "user", ObjectID: 1}, {ObjectType: "user", ObjectID: 1, Outcome: "done"}},
		"activity_of_actor_on_object": {{ActorID: 1, ObjectType: "user", ObjectID: 1}},
		"activity_of_job":             {{JobID: 1}, {JobID: 1, Source: "UI"}},
	} {
		for _, f := range filters {
			for _, statement := range store.EntryStatements(t, db, f) {
				steps := planOf(t, path, statement.Text, statement.Args...)
				for _, step := range steps {
					table, how, _ := strings.Cut(step, " USING ")
					sought := strings.Contains(how, " "+index+" ") || how == "INTEGER PRIMARY KEY (rowid=?)" || strings.Contains(how, "(object_type>?)")
					onEntries := slices.Contains([]string{"SEARCH activity", "SEARCH a", "SEARCH n", "SEARCH e"}, table)
					if onEntries && !sought || strings.Contains(step, "TEMP B-TREE") || slices.Contains([]string{"SCAN n", "SCAN e"}, table) {
						t.Errorf("%+v: the plan of %s says %q", f, statement.Text, step)
					}
				}
			}
		}
	}
}
