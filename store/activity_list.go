package store

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
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

// EntriesLookedAt is how many entries a search looks at before it asks whether to go on, where no index answers it: one for
// text, and one that combines actor and object, or a job, with more.
const EntriesLookedAt = 3000

// EntryPage returns the entries that match, in the order of their moments. What indexes alone do not answer ends after
// EntriesLookedAt entries, and the page says so.
func (q Queries) EntryPage(ctx context.Context, kinds *EntryKinds, query EntryQuery) (EntryPage, error) {
	s := newEntrySearch(q, query)
	if page, enough, err := s.glance(ctx, query); err != nil || enough {
		return page, err
	}
	runs, err := s.runs(ctx, kinds)
	if err != nil {
		return EntryPage{}, err
	}
	s.begin(runs, query.Limit+1)
	page, looked := EntryPage{}, 0
	for len(page.Entries) <= query.Limit {
		if !s.exact && looked == EntriesLookedAt {
			page.LookedTo = s.span.next(query.Newer).At
			break
		}
		e, more, err := s.next(ctx)
		if err != nil {
			return EntryPage{}, err
		}
		if !more {
			break
		}
		looked++
		if s.matches(e) {
			page.Entries = append(page.Entries, *e)
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
// filter leaves one open, it asks which values occur, reads the entries of each combination by itself, and merges them.
type entrySearch struct {
	Queries
	filter EntryFilter
	words  []string // of Text, folded
	newer  bool
	span   span
	paths  []entryPath
	exact  bool // indexes find what matches and nothing else
	open   openRuns
}

// entryPath is a way to entries by an index: its columns before the moment, and those values that are given.
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

func newEntrySearch(q Queries, query EntryQuery) *entrySearch {
	f := query.EntryFilter
	s := &entrySearch{Queries: q, filter: f, newer: query.Newer, words: strings.Fields(input.Fold(f.Text)),
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
	s.choosePaths()
	return s
}

// choosePaths finds the indexes that lead to the fewest entries.
func (s *entrySearch) choosePaths() {
	f, given := s.filter, s.filter.given()
	switch {
	case f.JobID != 0:
		s.paths = []entryPath{{entriesOfJob, given}}
	case f.UserID != 0:
		s.paths = f.pathsOfPerson()
	case given["actor_id"] != nil && given["object_id"] != nil:
		s.paths = []entryPath{{entriesOfActorOnObject, given}}
	case given["actor_id"] != nil:
		s.paths = []entryPath{{entriesOfActor, given}}
	case given["object_id"] != nil:
		s.paths = []entryPath{{entriesOfObject, given}}
	case len(given) > 0:
		s.paths = []entryPath{{entriesByKind, given}}
	default:
		s.paths = []entryPath{{entriesByTime, given}}
	}
	s.exact = len(s.words) == 0
	for _, path := range s.paths {
		for column := range path.given {
			s.exact = s.exact && slices.Contains(path.columns, column)
		}
	}
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

// pathsOfPerson are the ways to what somebody did and to what was done to them.
func (f EntryFilter) pathsOfPerson() []entryPath {
	by, to := f, f
	by.ActorID, by.Nobody = f.UserID, false
	to.ObjectType, to.ObjectID = "user", f.UserID
	return []entryPath{{entriesOfActor, by.given()}, {entriesOfObject, to.given()}}
}

// matches says whether an entry is meant. What indexes have answered is asked again.
func (s *entrySearch) matches(e *Entry) bool {
	f := &s.filter
	return (f.ActorID == 0 || e.ActorID == f.ActorID) && (!f.Nobody || e.ActorID == 0) &&
		(f.UserID == 0 || e.ActorID == f.UserID || e.ObjectType == "user" && e.ObjectID == f.UserID) &&
		(f.ObjectType == "" || f.ObjectID == 0 || e.ObjectID == f.ObjectID) &&
		f.meansKind(entryKind{e.ObjectType, e.Action, e.Outcome, e.Source}) && (f.JobID == 0 || e.JobID == f.JobID) && s.names(e)
}

// meansKind says whether entries of a kind can match.
func (f *EntryFilter) meansKind(k entryKind) bool {
	return (f.ObjectType == "" || k.objectType == f.ObjectType) && (f.Action == "" || k.action == f.Action) &&
		(f.Outcome == "" || k.outcome == f.Outcome) && (f.Source == "" || k.source == f.Source)
}

// names says whether all words stand in what the entry names.
func (s *entrySearch) names(e *Entry) bool {
	if len(s.words) == 0 {
		return true
	}
	text := input.Fold(strings.Join([]string{e.Actor, e.Object, e.Address, e.RequestID}, "\n"))
	for _, word := range s.words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// glancedAt is how many entries are read before a search goes by kinds.
const glancedAt = 200

// glance looks whether the page lies among the next entries, whatever they are: for what is frequent that is sooner than to
// ask each of many combinations.
func (s *entrySearch) glance(ctx context.Context, query EntryQuery) (page EntryPage, enough bool, err error) {
	if frequent := len(s.paths) == 1 && (len(s.paths[0].columns) == len(entriesByKind) || s.filter.Nobody); !frequent || !s.exact {
		return EntryPage{}, false, nil
	}
	entries, err := s.read(ctx, &entryRun{path: entryPath{columns: entriesByTime}}, glancedAt)
	if err != nil {
		return EntryPage{}, false, err
	}
	for i := range entries {
		if s.matches(&entries[i]) && len(page.Entries) <= query.Limit {
			page.Entries = append(page.Entries, entries[i])
		}
	}
	enough = len(page.Entries) > query.Limit
	page.bound(query, EntryPosition{})
	return page, enough, nil
}

// ahead orders positions as a search meets them.
func ahead(newer bool, a, b EntryPosition) int {
	if newer {
		return a.against(b)
	}
	return b.against(a)
}

// entryRun is a combination of values of the columns of a path: an index holds its entries in their order.
type entryRun struct {
	path   entryPath
	values []any
	place  EntryPosition // none of its entries that are still to be met comes before it
	read   []Entry       // the next ones, as far as they have been read
	batch  int           // how many to read next
	ends   bool          // there are no more than what has been read
}

// begin sets out from where the runs begin, to meet about as many entries as a page shows, or as are looked at.
func (s *entrySearch) begin(runs []*entryRun, limit int) {
	if !s.exact {
		limit = EntriesLookedAt
	}
	for _, run := range runs {
		run.batch = min(max(2, limit/len(runs)), limit, 512)
	}
	s.open = openRuns{runs, s.newer}
	heap.Init(&s.open)
}

// next returns the next entry of all runs; more is false at the end.
func (s *entrySearch) next(ctx context.Context) (e *Entry, more bool, err error) {
	for s.open.Len() > 0 {
		run := s.open.runs[0]
		if len(run.read) == 0 {
			if err := s.refill(ctx, run); err != nil {
				return nil, false, err
			}
			continue
		}
		e, run.read = &run.read[0], run.read[1:]
		repeated := e.Position() == s.span.next(s.newer) // what somebody did to themselves is in two runs
		s.span.leave(e.Position(), s.newer)
		s.advance(run)
		if !repeated {
			return e, true, nil
		}
	}
	return nil, false, nil
}

// refill reads the next entries of the run on top. What lies behind the entry met last is all that it has left.
func (s *entrySearch) refill(ctx context.Context, run *entryRun) (err error) {
	if run.read, err = s.read(ctx, run, run.batch); err != nil {
		return err
	}
	run.ends = len(run.read) < run.batch
	run.batch = min(2*run.batch, 512)
	s.advance(run)
	return nil
}

// advance moves the run on top to where it stands now, or drops it at its end.
func (s *entrySearch) advance(run *entryRun) {
	if len(run.read) == 0 && run.ends {
		heap.Pop(&s.open)
		return
	}
	if len(run.read) > 0 {
		run.place = run.read[0].Position()
	}
	heap.Fix(&s.open, 0)
}

// openRuns is a heap: the run that goes on first is on top.
type openRuns struct {
	runs  []*entryRun
	newer bool
}

func (o *openRuns) Len() int           { return len(o.runs) }
func (o *openRuns) Less(i, j int) bool { return ahead(o.newer, o.runs[i].place, o.runs[j].place) < 0 }
func (o *openRuns) Swap(i, j int)      { o.runs[i], o.runs[j] = o.runs[j], o.runs[i] }
func (o *openRuns) Push(run any)       { o.runs = append(o.runs, run.(*entryRun)) }

func (o *openRuns) Pop() any {
	last := len(o.runs) - 1
	run := o.runs[last]
	o.runs = o.runs[:last]
	return run
}

// runs returns the combinations that may have entries in the span.
func (s *entrySearch) runs(ctx context.Context, kinds *EntryKinds) ([]*entryRun, error) {
	var all []*entryRun
	for _, path := range s.paths {
		if path.closed() {
			all = append(all, &entryRun{path: path, values: path.values(), place: s.span.next(s.newer)})
			continue
		}
		known, err := kinds.current(ctx, s.Queries)
		if err != nil {
			return nil, err
		}
		some, err := s.runsOf(ctx, path, known)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// closed says that the filter leaves no column open.
func (p entryPath) closed() bool { return len(p.values()) == len(p.columns) }

// values are those that are given, in the order of the columns.
func (p entryPath) values() (values []any) {
	for _, column := range p.columns {
		if value, is := p.given[column]; is {
			values = append(values, value)
		}
	}
	return values
}

// runsOf returns those kinds of entries that a path leads to. Where they end is known of all entries together; within an actor,
// an object or days it is asked for.
func (s *entrySearch) runsOf(ctx context.Context, path entryPath, known map[entryKind]Millis) (runs []*entryRun, err error) {
	var kinds []entryKind
	for k := range known {
		if path.leadsTo(k) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return nil, nil
	}
	if newest := !s.newer && s.span.high.At == math.MaxInt64; newest && len(path.columns) == len(entriesByKind) {
		for _, k := range kinds {
			runs = append(runs, &entryRun{path: path, values: path.valuesOf(k), place: EntryPosition{known[k], math.MaxInt64}})
		}
		return runs, nil
	}
	statement, args := s.runsQuery(path, kinds)
	return many(ctx, s.q, func(row scanner) (*entryRun, error) {
		var k entryKind
		run := &entryRun{path: path}
		err := row.Scan(&run.place.At, &k.objectType, &k.action, &k.outcome, &k.source)
		run.values = path.valuesOf(k)
		if !s.newer {
			run.place.ID = math.MaxInt64
		}
		return run, err
	}, statement, args...)
}

// leadsTo says whether entries of a kind may be on a path.
func (p entryPath) leadsTo(k entryKind) bool {
	for column, value := range k.columns() {
		if given, is := p.given[column]; is && given != value {
			return false
		}
	}
	return true
}

// valuesOf are the values of the columns of the path for entries of a kind.
func (p entryPath) valuesOf(k entryKind) []any {
	values, kind := make([]any, len(p.columns)), k.columns()
	for i, column := range p.columns {
		if given, is := p.given[column]; is {
			values[i] = given
		} else {
			values[i] = kind[column]
		}
	}
	return values
}

// runsQuery asks with a seek for each kind where its entries begin in the span.
func (s *entrySearch) runsQuery(path entryPath, kinds []entryKind) (statement string, args []any) {
	place := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	rows := make([]string, len(kinds))
	for i, k := range kinds {
		rows[i] = "(" + strings.Join([]string{place(k.objectType), place(k.action), place(k.outcome), place(k.source)}, ", ") + ")"
	}
	agreeing := ""
	for _, column := range path.columns {
		if slices.Contains(entriesByKind, column) {
			agreeing += fmt.Sprintf("a.%s = k.%s AND ", column, column)
		} else {
			agreeing += fmt.Sprintf("a.%s = %s AND ", column, place(path.given[column]))
		}
	}
	return fmt.Sprintf(`WITH kinds(object_type, action, outcome, source) AS (VALUES %s),
		runs AS MATERIALIZED (SELECT (SELECT a.at FROM activity a WHERE %sa.at >= %s AND a.at <= %s ORDER BY a.at%s LIMIT 1) AS first,
			k.* FROM kinds k)
		SELECT * FROM runs WHERE first IS NOT NULL`,
		strings.Join(rows, ", "), agreeing, place(s.span.low.At), place(s.span.high.At), s.direction()), args
}

// direction is the order in which the search reads.
func (s *entrySearch) direction() string {
	if s.newer {
		return ""
	}
	return " DESC"
}

// read returns the next entries of one run within what is left of the span, at most limit.
func (s *entrySearch) read(ctx context.Context, run *entryRun, limit int) ([]Entry, error) {
	statement, args := s.readQuery(run, limit)
	return many(ctx, s.q, scanEntry, statement, args...)
}

func (s *entrySearch) readQuery(run *entryRun, limit int) (statement string, args []any) {
	args = append(slices.Clone(run.values), s.span.low.At, s.span.low.ID, s.span.high.At, s.span.high.ID, limit)
	condition, n := "", len(run.values)
	for i, column := range run.path.columns {
		switch column {
		case "action":
			// With a bare parameter SQLite would plan the query anew for each action, in the hope of an index that holds only it.
			condition += fmt.Sprintf("action = CAST($%d AS TEXT) AND ", i+1)
		case "job_id":
			condition += fmt.Sprintf("job_id = $%d AND job_id <> 0 AND ", i+1) // as the index has it
		default:
			condition += fmt.Sprintf("%s = $%d AND ", column, i+1)
		}
	}
	return fmt.Sprintf("SELECT %s FROM activity WHERE %s(at, id) > ($%d, $%d) AND (at, id) < ($%d, $%d) ORDER BY at%s, id%s LIMIT $%d",
		entryColumns, condition, n+1, n+2, n+3, n+4, s.direction(), s.direction(), n+5), args
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
