package store

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"console/internal/input"
)

// EntryFilter says which entries are meant. What is zero narrows nothing.
type EntryFilter struct {
	ActorID    int64
	Nobody     bool   // done by nobody who has an account: the system, the command line, visitors
	UserID     int64  // done by this person or to them
	ObjectType string // "user", "group", ...
	ObjectID   int64  // of an object of ObjectType; without it, it is ignored
	Action     string
	Outcome    string
	Source     string
	JobID      int64  // done by this job
	From, To   Millis // at or after From, and before To
	Text       string // words that all stand in what the entry names: actor, object, address or request id
}

// EntryPosition is a place between entries, which are ordered by moment and then by id. It stays where it is while entries
// arrive. The zero position is none.
type EntryPosition struct {
	At Millis
	ID int64
}

func (p EntryPosition) against(other EntryPosition) int {
	return cmp.Or(cmp.Compare(p.At, other.At), cmp.Compare(p.ID, other.ID))
}

// Position is the place of an entry.
func (e *Entry) Position() EntryPosition { return EntryPosition{e.At, e.ID} }

// EntryQuery asks for a page of entries.
type EntryQuery struct {
	EntryFilter
	Behind EntryPosition // the page begins behind it; zero: at the newest entry
	Newer  bool          // the page is the one of newer entries next to Behind, not of older ones
	Limit  int
}

// EntryPage is a part of the activity log, newest first.
type EntryPage struct {
	Entries      []Entry
	Newer, Older EntryPosition // where the pages beside this one begin; zero: there are none
	LookedTo     Millis        // not zero: the search has gone as far as this moment, and can go on from there
}

// A search that no index answers, one for text, and one that combines actor and object, or a job, with more, asks whether to go on once
// it has looked at EntriesLookedAt entries, or entriesSoughtOut of one kind, person or job, which do not lie side by side.
const (
	EntriesLookedAt  = 3000
	entriesSoughtOut = 1000
)

// EntryPage returns the entries that match, in the order of their moments. What indexes alone do not answer ends after
// EntriesLookedAt entries at most, and the page says so.
func (q Queries) EntryPage(ctx context.Context, kinds *EntryKinds, query EntryQuery) (EntryPage, error) {
	s := newEntrySearch(q, kinds, query)
	page, looked := EntryPage{}, 0
	for chunk := query.Limit + 1; len(page.Entries) <= query.Limit; chunk *= 4 {
		chunk = min(chunk, s.most-looked)
		if chunk == 0 {
			page.LookedTo = s.span.next(query.Newer).At
			break
		}
		found, n, err := s.next(ctx, chunk)
		if err != nil {
			return EntryPage{}, err
		}
		page.Entries = append(page.Entries, found...)
		if looked += n; n < chunk {
			break
		}
	}
	page.bound(query, s.span.next(query.Newer))
	return page, nil
}

// bound cuts the page to its length and says where the pages beside it begin.
func (p *EntryPage) bound(query EntryQuery, stopped EntryPosition) {
	var beyond EntryPosition // where the search goes on
	switch {
	case len(p.Entries) > query.Limit:
		p.Entries, p.LookedTo = p.Entries[:query.Limit], 0
		beyond = p.Entries[query.Limit-1].Position()
	case p.LookedTo != 0:
		beyond = stopped
	}
	behind := query.Behind // where it came from
	if len(p.Entries) > 0 && behind != (EntryPosition{}) {
		behind = p.Entries[0].Position()
	}
	if query.Newer {
		slices.Reverse(p.Entries)
		p.Newer, p.Older = beyond, behind
	} else {
		p.Newer, p.Older = behind, beyond
	}
}

// EntryByID returns an entry, or ErrNotFound.
func (q Queries) EntryByID(ctx context.Context, id int64) (Entry, error) {
	return one(ctx, q.q, scanEntry, `SELECT `+entryColumns+` FROM activity WHERE id = $1`, id)
}

// span is what lies between two positions, neither of which belongs to it.
type span struct{ low, high EntryPosition }

// leave takes away what has been read, as far as a position.
func (s *span) leave(read EntryPosition, newer bool) {
	if newer {
		s.low = read
	} else {
		s.high = read
	}
}

// next is where reading goes on.
func (s *span) next(newer bool) EntryPosition {
	if newer {
		return s.low
	}
	return s.high
}

// entrySearch reads entries in their order, from one end of a span towards the other. Indexes hold entries in that order
// only among those that agree in all columns before the moment. A search knows those columns of its index; where the
// filter leaves one open, it asks for the entries of each kind that occurs, and has the database merge them.
type entrySearch struct {
	Queries
	kinds *EntryKinds
	words []string // of the text that is looked for, folded
	newer bool
	span  span
	paths []entryPath
	exact bool // indexes find what matches and nothing else
	most  int  // how many entries are looked at
}

// entryPath is a way to entries by an index: its columns before the moment, and all values that are given.
type entryPath struct {
	columns []string
	given   map[string]any
}

// The columns of the indexes before the moment.
var (
	entriesByTime          = []string{}
	entriesByKind          = []string{"object_type", "action", "outcome", "source"}
	entriesOfActor         = []string{"actor_id", "object_type", "action", "outcome", "source"}
	entriesOfObject        = []string{"object_type", "object_id", "action", "outcome", "source"}
	entriesOfActorOnObject = []string{"object_type", "object_id", "actor_id"}
	entriesOfJob           = []string{"job_id"}
)

func newEntrySearch(q Queries, kinds *EntryKinds, query EntryQuery) *entrySearch {
	f := query.EntryFilter
	s := &entrySearch{Queries: q, kinds: kinds, newer: query.Newer, words: strings.Fields(input.Fold(f.Text)), paths: f.paths(),
		span: span{low: EntryPosition{f.From, 0}, high: EntryPosition{At: math.MaxInt64}}}
	if f.To != 0 {
		s.span.high.At = f.To
	}
	switch from := query.Behind; {
	case from == EntryPosition{}:
	case query.Newer && from.against(s.span.low) > 0:
		s.span.low = from
	case !query.Newer && from.against(s.span.high) < 0:
		s.span.high = from
	}
	s.exact = len(s.words) == 0
	s.most = EntriesLookedAt
	for _, path := range s.paths {
		s.exact = s.exact && len(path.beside()) == 0
		if len(path.columns) > 0 {
			s.most = entriesSoughtOut
		}
	}
	if s.exact {
		s.most = math.MaxInt
	}
	return s
}

// paths are the indexes that lead to the fewest entries.
func (f EntryFilter) paths() []entryPath {
	given := f.given()
	switch {
	case f.UserID != 0:
		return f.pathsOfPerson()
	case f.JobID != 0:
		return []entryPath{{entriesOfJob, given}}
	case given["actor_id"] != nil && given["object_id"] != nil:
		return []entryPath{{entriesOfActorOnObject, given}}
	case given["actor_id"] != nil:
		return []entryPath{{entriesOfActor, given}}
	case given["object_id"] != nil:
		return []entryPath{{entriesOfObject, given}}
	case len(given) > 0:
		return []entryPath{{entriesByKind, given}}
	}
	return []entryPath{{entriesByTime, given}}
}

// given are the columns whose values the filter says.
func (f EntryFilter) given() map[string]any {
	given := map[string]any{}
	for column, value := range map[string]string{"object_type": f.ObjectType, "action": f.Action, "outcome": f.Outcome, "source": f.Source} {
		if value != "" {
			given[column] = value
		}
	}
	if f.ObjectType != "" && f.ObjectID != 0 {
		given["object_id"] = f.ObjectID
	}
	if f.ActorID != 0 || f.Nobody {
		given["actor_id"] = f.ActorID
	}
	if f.JobID != 0 {
		given["job_id"] = f.JobID
	}
	return given
}

// pathsOfPerson are the ways to what somebody did and to what was done to them, as far as the filter lets them have entries.
func (f EntryFilter) pathsOfPerson() (paths []entryPath) {
	if by := f; !f.Nobody && (f.ActorID == 0 || f.ActorID == f.UserID) {
		by.ActorID = f.UserID
		paths = append(paths, entryPath{entriesOfActor, by.given()})
	}
	if to := f; f.ObjectType == "" || f.ObjectType == "user" && (f.ObjectID == 0 || f.ObjectID == f.UserID) {
		to.ObjectType, to.ObjectID = "user", f.UserID
		paths = append(paths, entryPath{entriesOfObject, to.given()})
	}
	return paths
}

// beside are the columns whose values are given, and which the index does not have.
func (p entryPath) beside() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.given)), func(column string) bool { return slices.Contains(p.columns, column) })
}

// closed says that the filter leaves no column of the index open.
func (p entryPath) closed() bool {
	return !slices.ContainsFunc(p.columns, func(column string) bool { return p.given[column] == nil })
}

// leadsTo says whether entries of a kind may be on a path.
func (p entryPath) leadsTo(k entryKind) bool {
	for i, value := range k {
		if given, is := p.given[entriesByKind[i]]; is && given != value {
			return false
		}
	}
	return true
}

// next returns those of the next entries of the span that match, where it looks at no more than a number, and at how many it did:
// at fewer where the span ends.
func (s *entrySearch) next(ctx context.Context, number int) (matching []Entry, looked int, err error) {
	met, err := s.meet(ctx, number)
	if err != nil || len(met) == 0 {
		return nil, 0, err
	}
	s.span.leave(met[len(met)-1].Position(), s.newer)
	for i := range met {
		if met[i].meant {
			matching = append(matching, met[i].Entry)
		}
	}
	if !s.exact {
		matching, err = s.whole(ctx, matching)
	}
	return matching, len(met), err
}

// whole reads all of entries that were met in brief.
func (s *entrySearch) whole(ctx context.Context, brief []Entry) (entries []Entry, err error) {
	ids := make([]int64, len(brief))
	for i := range brief {
		ids[i] = brief[i].ID
	}
	for places, args := range inLists(ids) {
		some, err := many(ctx, s.q, scanEntry, `SELECT `+entryColumns+` FROM activity WHERE id IN (`+places+`)`, args...)
		if err != nil {
			return nil, err
		}
		entries = append(entries, some...)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return ahead(s.newer, a.Position(), b.Position()) })
	return entries, nil
}

// ahead orders positions as a search meets them.
func ahead(newer bool, a, b EntryPosition) int {
	if newer {
		return a.against(b)
	}
	return b.against(a)
}

// metEntry is an entry that a search has met: all of it where the search is exact, else in brief its id and moment.
type metEntry struct {
	Entry
	meant bool
}

// meet returns the next entries of the span, at most limit, with those that do not match.
func (s *entrySearch) meet(ctx context.Context, limit int) (met []metEntry, err error) {
	for _, path := range s.paths {
		statement, err := s.statement(ctx, path, limit)
		if err != nil {
			return nil, err
		}
		if statement == nil {
			continue
		}
		some, err := many(ctx, s.q, s.scan, s.engine.numbered(statement.text.String()), statement.args...)
		if err != nil {
			return nil, err
		}
		met = append(met, some...)
	}
	if len(s.paths) > 1 { // what somebody did to themselves is on two
		slices.SortFunc(met, func(a, b metEntry) int { return ahead(s.newer, a.Position(), b.Position()) })
		met = slices.CompactFunc(met, func(a, b metEntry) bool { return a.ID == b.ID })
	}
	return met[:min(len(met), limit)], nil
}

// scan reads what statements return.
func (s *entrySearch) scan(row scanner) (met metEntry, err error) {
	if s.exact {
		met.Entry, err = scanEntry(row)
		met.meant = true
		return met, err
	}
	var text *string
	if err := row.Scan(&met.ID, &met.At, &text); err != nil || text == nil {
		return met, err
	}
	folded := input.Fold(*text)
	met.meant = !slices.ContainsFunc(s.words, func(word string) bool { return !strings.Contains(folded, word) })
	return met, nil
}

// entryStatement is a statement in the making. Its parameters are question marks; see engine.numbered.
type entryStatement struct {
	text strings.Builder
	args []any
}

func (b *entryStatement) grow(text string, args ...any) {
	b.text.WriteString(text)
	b.args = append(b.args, args...)
}

// statement makes the one that meets the next entries on a path, or nil where the path leads to none.
func (s *entrySearch) statement(ctx context.Context, path entryPath, limit int) (*entryStatement, error) {
	b := &entryStatement{}
	if path.closed() {
		b.grow("SELECT ")
		s.addColumns(b, path)
		b.grow(" FROM activity e WHERE ")
		path.addColumnsOf(b, "e", "")
		b.grow("(e.at, e.id) > (?, ?) AND (e.at, e.id) < (?, ?) ", s.span.low.At, s.span.low.ID, s.span.high.At, s.span.high.ID)
		b.grow(s.inOrder("e.at", "e.id")+" LIMIT +?", limit)
		return b, nil
	}
	known, err := s.kinds.current(ctx, s.Queries)
	if err != nil {
		return nil, err
	}
	var kinds []entryKind
	for _, k := range known {
		if path.leadsTo(k) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return nil, nil
	}
	s.engine.merge(s, b, path, kinds, limit)
	return b, nil
}

// mergeByRecursion adds the statement that meets the entries of several kinds in their order, for SQLite. It finds, with a seek for
// each kind, where its entries begin in the span. From there on the recursion takes what comes first of all kinds, and puts the next
// entry of the same kind in its stead, until enough are met: they come out in the order in which they are taken.
func (s *entrySearch) mergeByRecursion(b *entryStatement, path entryPath, kinds []entryKind, limit int) {
	near, far, behind, before, edge := s.span.high, s.span.low, "<", ">", int64(math.MaxInt64)
	if s.newer {
		near, far, behind, before, edge = s.span.low, s.span.high, ">", "<", 0
	}
	columns := strings.Join(entriesByKind, ", ")
	b.args = make([]any, 0, len(entriesByKind)*len(kinds)+20)
	b.grow("WITH RECURSIVE kinds(" + columns + ") AS (VALUES " + strings.Repeat(", (?, ?, ?, ?)", len(kinds))[len(", "):] + "),\n")
	for _, k := range kinds {
		b.grow("", k[0], k[1], k[2], k[3])
	}
	b.grow("begins AS MATERIALIZED (SELECT k.*, (SELECT a.at FROM activity a WHERE ")
	path.addColumnsOf(b, "a", "k")
	b.grow("(a.at, a.id) "+behind+" (?, ?) AND (a.at, a.id) "+before+" (?, ?) ", near.At, near.ID, far.At, far.ID)
	b.grow(s.inOrder("a.at", "a.id") + " LIMIT 1) AS at FROM kinds k),\n")
	b.grow("met(" + columns + ", at, id, entry) AS (")
	b.grow("SELECT *, CASE at WHEN ? THEN ? ELSE ? END, NULL FROM begins WHERE at IS NOT NULL\n", near.At, near.ID, edge)
	b.grow("UNION ALL SELECT a." + strings.Join(entriesByKind, ", a.") + ", a.at, a.id, a.id FROM met m CROSS JOIN activity a WHERE a.id = (")
	b.grow("SELECT n.id FROM activity n WHERE ")
	path.addColumnsOf(b, "n", "m")
	b.grow("(n.at, n.id) "+behind+" (m.at, m.id) AND (n.at, n.id) "+before+" (?, ?) ", far.At, far.ID)
	b.grow(s.inOrder("n.at", "n.id") + " LIMIT 1)\n" + s.inOrder("5", "6") + ")\nSELECT ")
	s.addColumns(b, path)
	b.grow(" FROM met CROSS JOIN activity e WHERE e.id = met.entry LIMIT +?", limit)
}

// addColumnsOf adds the conditions that hold an entry to the columns of the index: to values that are given, and to those of kind.
func (p entryPath) addColumnsOf(b *entryStatement, entry, kind string) {
	for _, column := range p.columns {
		value, given := p.given[column]
		switch {
		case column == "job_id":
			b.grow(entry+".job_id = +? AND "+entry+".job_id <> 0 AND ", value) // as the index has it
		case given && !(kind != "" && slices.Contains(entriesByKind, column)):
			b.grow(entry+"."+column+" = +? AND ", value)
		default:
			b.grow(entry + "." + column + " = " + kind + "." + column + " AND ")
		}
	}
}

// addColumns adds what scan reads. In brief, that is of an entry which matches but for the words the text in which they are looked for.
func (s *entrySearch) addColumns(b *entryStatement, path entryPath) {
	if s.exact {
		b.grow("e." + strings.Join(strings.Fields(entryColumns), " e."))
		return
	}
	b.grow("e.id, e.at, CASE WHEN 1 = 1")
	for _, column := range path.beside() {
		b.grow(" AND e."+column+" = +?", path.given[column])
	}
	if len(s.words) == 0 {
		b.grow(" THEN '' END")
		return
	}
	b.grow(" THEN concat_ws('\n', e.actor, e.object, e.address, e.request_id) END")
}

// inOrder puts two columns, a moment and an id, in the order in which the search reads.
func (s *entrySearch) inOrder(at, id string) string {
	if s.newer {
		return "ORDER BY " + at + ", " + id
	}
	return "ORDER BY " + at + " DESC, " + id + " DESC"
}

// entryTables are the tables of what entries are about. Jobs and deliveries go by themselves after some time.
var entryTables = map[string]struct {
	table   string
	expires bool
}{
	"user": {table: "users"}, "group": {table: "groups"}, "tenant": {table: "tenants"}, "trigger": {table: "triggers"},
	"integration": {table: "integrations"}, "token": {table: "tokens"}, "delivery": {"deliveries", true}, "job": {"jobs", true},
}

// StaysUntilDeleted reports whether a thing of a type is only missing where somebody has deleted it.
func StaysUntilDeleted(objectType string) bool {
	kept, known := entryTables[objectType]
	return known && !kept.expires
}

// Existing returns those of ids that exist. Of a type that has no table of its own, none does.
func (q Queries) Existing(ctx context.Context, objectType string, ids []int64) ([]int64, error) {
	kept, known := entryTables[objectType]
	if !known {
		return nil, nil
	}
	var existing []int64
	for places, args := range inLists(ids) {
		some, err := many(ctx, q.q, value[int64], `SELECT id FROM `+kept.table+` WHERE id IN (`+places+`)`, args...)
		if err != nil {
			return nil, err
		}
		existing = append(existing, some...)
	}
	return existing, nil
}
