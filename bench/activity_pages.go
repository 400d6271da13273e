package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"console/internal/account"
	"console/store"
)

// The numbers of entries measured, and the one that takes half an hour and 4.3 GB.
var entryCounts = []int{10_000, 100_000, 1_000_000}

const manyEntries = 10_000_000

// The people and moments of the entries. Each 20th entry is by the busiest person and each 10th by nobody; entries are one second apart.
const (
	entryPeople  = 10_000
	busiest      = 1
	quiet        = entryPeople - 1
	firstEntryAt = 1_600_000_000_000
	entryEvery   = 1000
)

// activityPages measures the pages of the activity log as it grows.
func (b *bench) activityPages(ctx context.Context, _ [len(sizes)]string) error {
	counts := entryCounts
	if b.large {
		counts = []int{manyEntries}
	}
	var names []string
	bounds := map[string]float64{}
	took := map[string][]time.Duration{}
	for _, n := range counts {
		db, err := b.entriesIn(ctx, n)
		if err != nil {
			return err
		}
		names = nil
		for _, m := range entryPages(ctx, db, n) {
			each, err := processorTime(31, func(int) error { return m.do() })
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			names = append(names, m.name)
			bounds[m.name] = m.bound
			took[m.name] = append(took[m.name], each)
		}
		if err := db.Close(); err != nil {
			return err
		}
	}
	fmt.Print("\n| page of the activity log, ms of the processor |")
	for _, n := range counts {
		fmt.Printf(" %d |", n)
	}
	fmt.Print(" at most |\n| --- |")
	for range counts {
		fmt.Print(" --- |")
	}
	fmt.Print(" --- |\n")
	slowest := map[float64]float64{}
	for _, name := range names {
		fmt.Printf("| %s |", name)
		for _, t := range took[name] {
			fmt.Printf(" %.2f |", ms(t))
		}
		fmt.Printf(" %.0f |\n", bounds[name])
		slowest[bounds[name]] = max(slowest[bounds[name]], ms(took[name][len(counts)-1]))
	}
	largest := counts[len(counts)-1]
	b.demands = append(b.demands,
		demand{what: fmt.Sprintf("slowest page of %d entries that indexes answer", largest), got: slowest[5], must: 5, aim: 2,
			atMost: true, format: "%.1f ms"},
		demand{what: fmt.Sprintf("slowest look for text or three at once among %d entries", largest), got: slowest[50], must: 50, aim: 25,
			atMost: true, format: "%.1f ms"},
	)
	return nil
}

// entryPage is a page that is measured, with the milliseconds that it may take.
type entryPage struct {
	measure
	bound float64
}

// entryPages are the kinds of pages that can be asked for.
func entryPages(ctx context.Context, db *store.DB, n int) (pages []entryPage) {
	kinds := &store.EntryKinds{}
	middle := store.EntryPosition{At: store.Millis(firstEntryAt + n/2*entryEvery), ID: int64(n / 2)}
	add := func(bound float64, name string, q store.EntryQuery) {
		q.Limit = account.ActivityPerPage
		pages = append(pages, entryPage{measure{name, func() error {
			return db.View(ctx, func(reader store.Queries) error {
				_, err := reader.EntryPage(ctx, kinds, q)
				return err
			})
		}}, bound})
	}
	filter := func(bound float64, name string, f store.EntryFilter) {
		add(bound, name, store.EntryQuery{EntryFilter: f})
		add(bound, name+", deep", store.EntryQuery{EntryFilter: f, Behind: middle})
	}
	add(5, "first", store.EntryQuery{})
	add(5, "deep", store.EntryQuery{Behind: middle})
	add(5, "deep, back", store.EntryQuery{Behind: middle, Newer: true})
	day := store.EntryFilter{From: middle.At, To: middle.At.Add(24 * time.Hour)}
	filter(5, "a day", day)
	filter(5, "actor", store.EntryFilter{ActorID: 77})
	filter(5, "actor, the busiest", store.EntryFilter{ActorID: busiest})
	filter(5, "actor, who did nothing", store.EntryFilter{ActorID: quiet})
	filter(5, "nobody", store.EntryFilter{Nobody: true})
	filter(5, "person, by or to", store.EntryFilter{UserID: busiest})
	filter(5, "object type", store.EntryFilter{ObjectType: "group"})
	filter(5, "object", store.EntryFilter{ObjectType: "user", ObjectID: 77})
	filter(5, "action, frequent", store.EntryFilter{Action: "sign in"})
	filter(5, "action, rare", store.EntryFilter{Action: "restore"})
	filter(5, "action, none", store.EntryFilter{Action: "none"})
	filter(5, "outcome, done", store.EntryFilter{Outcome: account.Done})
	filter(5, "outcome, failed", store.EntryFilter{Outcome: account.Failed})
	filter(5, "source, browser", store.EntryFilter{Source: string(account.UI)})
	filter(5, "source, system", store.EntryFilter{Source: string(account.System)})
	filter(5, "job", store.EntryFilter{JobID: 1})
	filter(5, "actor and object", store.EntryFilter{ActorID: busiest, ObjectType: "user", ObjectID: 77})
	filter(5, "actor and action", store.EntryFilter{ActorID: busiest, Action: "edit user"})
	filter(5, "actor and outcome", store.EntryFilter{ActorID: busiest, Outcome: account.Failed})
	filter(5, "actor and source, none", store.EntryFilter{ActorID: busiest, Source: "none"})
	filter(5, "object and action", store.EntryFilter{ObjectType: "user", ObjectID: 77, Action: "edit user"})
	filter(5, "actor and a day", store.EntryFilter{ActorID: busiest, From: day.From, To: day.To})
	filter(5, "object type and a day", store.EntryFilter{ObjectType: "group", From: day.From, To: day.To})
	filter(5, "outcome, failed, and a day", store.EntryFilter{Outcome: account.Failed, From: day.From, To: day.To})
	filter(5, "source, browser, before all", store.EntryFilter{Source: string(account.UI), To: firstEntryAt - 1})
	filter(50, "text, found", store.EntryFilter{Text: "person 77"})
	filter(50, "text, none", store.EntryFilter{Text: "nobody has this name"})
	filter(50, "text, none, of a source", store.EntryFilter{Text: "nobody has this name", Source: string(account.System)})
	filter(50, "text, none, of an actor", store.EntryFilter{Text: "nobody has this name", ActorID: busiest})
	filter(50, "actor, object and source", store.EntryFilter{ActorID: busiest, ObjectType: "user", ObjectID: 77, Source: "none"})
	return pages
}

// entriesIn opens a database with n entries, which it makes first where there is none. It goes around the store: entries are read
// here, not verified, and through the store ten million take hours.
func (b *bench) entriesIn(ctx context.Context, n int) (*store.DB, error) {
	path := filepath.Join(b.data, fmt.Sprintf("activity-%d.db", n))
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return store.Open(ctx, path)
	}
	if err := os.MkdirAll(b.data, 0o700); err != nil {
		return nil, err
	}
	made := path + ".part"
	if err := errors.Join(os.RemoveAll(made), makeEntries(ctx, made, n)); err != nil {
		return nil, err
	}
	if err := os.Rename(made, path); err != nil {
		return nil, err
	}
	return store.Open(ctx, path)
}

func makeEntries(ctx context.Context, path string, n int) (err error) {
	db, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	raw, err := sql.Open("sqlite", path+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-524288)")
	if err != nil {
		return err
	}
	raw.SetMaxOpenConns(1) // its temporary table
	defer func() { err = errors.Join(err, raw.Close()) }()
	indexes, err := indexesOf(ctx, raw)
	if err != nil {
		return err
	}
	for name := range indexes {
		if _, err := raw.ExecContext(ctx, `DROP INDEX `+name); err != nil {
			return err
		}
	}
	if err := insertEntries(ctx, raw, n); err != nil {
		return err
	}
	for _, statement := range indexes {
		if _, err := raw.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	_, err = raw.ExecContext(ctx, `PRAGMA journal_mode(WAL)`)
	return err
}

// indexesOf are the statements that make the indexes of the activity log, by their names.
func indexesOf(ctx context.Context, db *sql.DB) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'activity' AND sql IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	indexes := map[string]string{}
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			return nil, err
		}
		indexes[name] = statement
	}
	return indexes, rows.Err()
}

// insertEntries makes entries of all actions: of a thousand each has one or more, and signing in 400. What is rare is the oldest.
func insertEntries(ctx context.Context, db *sql.DB, n int) error {
	const slots = `CREATE TEMP TABLE slots (n INTEGER PRIMARY KEY, action TEXT, object_type TEXT, outcome TEXT, source TEXT)`
	if _, err := db.ExecContext(ctx, slots); err != nil {
		return err
	}
	slot := 0
	put := func(times int, action, objectType, outcome string, source account.Source) error {
		for range times {
			const fill = `INSERT INTO slots VALUES ($1, $2, $3, $4, $5)`
			if _, err := db.ExecContext(ctx, fill, slot, action, objectType, outcome, source); err != nil {
				return err
			}
			slot++
		}
		return nil
	}
	err := errors.Join(
		put(380, "sign in", "user", account.Done, account.UI), put(40, "sign in", "user", account.Failed, account.UI),
		put(200, "edit user", "user", account.Done, account.UI), put(20, "edit user", "user", account.Done, account.System),
		put(10, "refused", "user", account.Refused, account.UI), put(5, "edit user", "user", account.Done, account.CLI))
	for _, a := range account.Actions() {
		if a.Name == "restore" || err != nil {
			continue
		}
		err = errors.Join(put(1, a.Name, a.Objects[0], account.Done, account.UI), put(1, a.Name, a.Objects[0], account.Refused, account.UI))
	}
	if err == nil && slot < 1000 {
		err = put(1000-slot, "change role", "user", account.Done, account.UI)
	}
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `WITH RECURSIVE
		numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < $1),
		mixed AS (SELECT i, ((i * 2654435761) & 4294967295) >> 7 AS r, ((i * 2246822519) & 4294967295) >> 9 AS p FROM numbers),
		people AS (SELECT i, r, CASE WHEN i % 20 = 0 THEN $4 WHEN i % 10 = 1 THEN 0 ELSE 2 + p % ($5 - 3) END AS who,
			1 + (p + r) % $5 AS whom FROM mixed)
	INSERT INTO activity (at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome, changes,
		job_id, mac)
	SELECT $2 + i * $3, who, CASE WHEN who = 0 THEN '' ELSE 'Person ' || who || ' <person' || who || '@example.com>' END, s.source,
		'192.0.2.' || (r % 250), 'c1ef4050-7bf3-4c3a-b308-' || r, CASE WHEN i < 5 THEN 'restore' ELSE s.action END, s.object_type, whom,
		'Person ' || whom || ' <person' || whom || '@example.com>', s.outcome, '{"role":["Analyst","Administrator"]}',
		CASE WHEN i % 1000 = 7 THEN 1 ELSE 0 END, zeroblob(32)
	FROM people JOIN slots s ON s.n = r % 1000`, n, firstEntryAt, entryEvery, busiest, entryPeople)
	return err
}
