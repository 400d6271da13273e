package store

import (
	"cmp"
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

func (p EntryPosition) compare(other EntryPosition) int {
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
const EntriesLookedAt = 5000

// EntryPage returns the entries that match, in the order of their moments. Whatever is not answered by indexes alone ends
// after EntriesLookedAt entries, and says so.
func (q Queries) EntryPage(ctx context.Context, query EntryQuery) (EntryPage, error) {
	s := newEntrySearch(q, query)
	page := EntryPage{}
	wanted, looked, chunk := query.Limit+1, 0, query.Limit+1
	for more := true; more && len(page.Entries) < wanted; {
		if !s.exact {
			chunk = min(max(2*chunk, 250), EntriesLookedAt-looked)
		}
		if chunk == 0 {
			page.LookedTo = s.span.next(query.Newer).At
			break
		}
		found, err := s.nearest(ctx, chunk)
		if err != nil {
			return EntryPage{}, err
		}
		more, looked = len(found) == chunk, looked+len(found)
		for i := range found {
			if s.matches(&found[i]) {
				page.Entries = append(page.Entries, found[i])
			}
		}
		if more {
			s.span.leave(found[len(found)-1].Position(), query.Newer)
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
	case query.Newer && from.compare(s.span.low) > 0:
		s.span.low = from
	case !query.Newer && from.compare(s.span.high) < 0:
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
		(f.ObjectType == "" || e.ObjectType == f.ObjectType && (f.ObjectID == 0 || e.ObjectID == f.ObjectID)) &&
		(f.Action == "" || e.Action == f.Action) && (f.Outcome == "" || e.Outcome == f.Outcome) &&
		(f.Source == "" || e.Source == f.Source) && (f.JobID == 0 || e.JobID == f.JobID) && s.names(e)
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

// nearest returns the next entries of the span, at most limit.
func (s *entrySearch) nearest(ctx context.Context, limit int) ([]Entry, error) {
	runs, err := s.runs(ctx)
	if err != nil {
		return nil, err
	}
	var found []Entry
	rest := s.span
	for _, run := range runs {
		if len(found) == limit {
			last := found[limit-1].Position()
			if s.compare(EntryPosition{At: run.first}, EntryPosition{At: last.At}) > 0 {
				break // this one and all that follow begin later
			}
			rest.leave(last, !s.newer)
		}
		more, err := s.read(ctx, run, rest, limit)
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			continue
		}
		found = append(found, more...)
		slices.SortFunc(found, func(a, b Entry) int { return s.compare(a.Position(), b.Position()) })
		found = slices.CompactFunc(found, func(a, b Entry) bool { return a.ID == b.ID })
		found = found[:min(len(found), limit)]
	}
	return found, nil
}

// compare orders positions as the search meets them.
func (s *entrySearch) compare(a, b EntryPosition) int {
	if s.newer {
		return a.compare(b)
	}
	return b.compare(a)
}

// entryRun is a combination of values of the columns of a path: an index holds its entries in their order.
type entryRun struct {
	path   entryPath
	values []any
	first  Millis // no entry of the run comes before this moment
}

// runs returns the combinations that occur in the span, in the order in which they begin.
func (s *entrySearch) runs(ctx context.Context) ([]entryRun, error) {
	var all []entryRun
	for _, path := range s.paths {
		some, err := s.runsOf(ctx, path)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortStableFunc(all, func(a, b entryRun) int {
		return s.compare(EntryPosition{At: a.first}, EntryPosition{At: b.first})
	})
	return all, nil
}

// runsOf returns the combinations of a path. There is nothing to ask where the filter leaves no column open.
func (s *entrySearch) runsOf(ctx context.Context, path entryPath) ([]entryRun, error) {
	only := entryRun{path: path, first: s.span.next(s.newer).At}
	for _, column := range path.columns {
		if value, is := path.given[column]; is {
			only.values = append(only.values, value)
		}
	}
	if len(only.values) == len(path.columns) {
		return []entryRun{only}, nil
	}
	statement, args := s.runsQuery(path)
	return many(ctx, s.q, func(row scanner) (entryRun, error) {
		run := entryRun{path: path, values: make([]any, len(path.columns))}
		into := []any{&run.first}
		for i := range run.values {
			into = append(into, &run.values[i])
		}
		return run, row.Scan(into...)
	}, statement, args...)
}

// runsQuery asks which combinations occur, by a loose index scan: for each column one seek leads from a value to the next
// one, whatever lies between. A last seek for each combination finds where it begins in the span.
func (s *entrySearch) runsQuery(path entryPath) (statement string, args []any) {
	levels := []string{"level0 AS (SELECT 1)"}
	for i, column := range path.columns {
		name, before := fmt.Sprintf("level%d(%s)", i+1, strings.Join(path.columns[:i+1], ", ")), path.columns[:i]
		kept := ""
		if i > 0 {
			kept = "l." + strings.Join(before, ", l.") + ", "
		}
		if value, is := path.given[column]; is {
			args = append(args, value)
			levels = append(levels, fmt.Sprintf("%s AS (SELECT %s$%d FROM level%d l%s)", name, kept, len(args), i, occurring(before)))
			continue
		}
		seek := "SELECT " + kept + "(SELECT a." + column + " FROM activity a" + agreeing(before, "l.") + "%s ORDER BY a." + column + " LIMIT 1)"
		first := fmt.Sprintf(seek, "") + fmt.Sprintf(" FROM level%d l%s", i, occurring(before))
		next := fmt.Sprintf(seek, " AND a."+column+" > l."+column) + fmt.Sprintf(" FROM level%d l%s", i+1, occurring(path.columns[:i+1]))
		levels = append(levels, name+" AS ("+first+" UNION ALL "+next+")")
	}
	args = append(args, s.span.low.At, s.span.high.At)
	begin := fmt.Sprintf("SELECT a.at FROM activity a%s AND a.at >= $%d AND a.at <= $%d ORDER BY a.at%s LIMIT 1",
		agreeing(path.columns, "l."), len(args)-1, len(args), s.direction())
	last := fmt.Sprintf("runs AS MATERIALIZED (SELECT (%s) AS first, l.* FROM level%d l%s)",
		begin, len(path.columns), occurring(path.columns))
	return "WITH RECURSIVE " + strings.Join(append(levels, last), ",\n") + "\nSELECT * FROM runs WHERE first IS NOT NULL", args
}

// agreeing is the condition that an entry agrees with a row in some columns.
func agreeing(columns []string, row string) string {
	condition := " WHERE 1 = 1"
	for _, column := range columns {
		condition += " AND a." + column + " = " + row + column
	}
	return condition
}

// occurring is the condition that a seek has found a value of the last column.
func occurring(columns []string) string {
	if len(columns) == 0 {
		return ""
	}
	return " WHERE l." + columns[len(columns)-1] + " IS NOT NULL"
}

// direction is the order in which the search reads.
func (s *entrySearch) direction() string {
	if s.newer {
		return ""
	}
	return " DESC"
}

// read returns the next entries of one run within rest, at most limit.
func (s *entrySearch) read(ctx context.Context, run entryRun, rest span, limit int) ([]Entry, error) {
	statement, args := s.readQuery(run, rest, limit)
	return many(ctx, s.q, scanEntry, statement, args...)
}

func (s *entrySearch) readQuery(run entryRun, rest span, limit int) (statement string, args []any) {
	args = append(slices.Clone(run.values), rest.low.At, rest.low.ID, rest.high.At, rest.high.ID, limit)
	condition, n := "", len(run.values)
	for i, column := range run.path.columns {
		condition += fmt.Sprintf("%s = $%d AND ", column, i+1)
		if column == "job_id" {
			condition += "job_id <> 0 AND " // as the index has it
		}
	}
	return fmt.Sprintf("SELECT %s FROM activity WHERE %s(at, id) > ($%d, $%d) AND (at, id) < ($%d, $%d) ORDER BY at%s, id%s LIMIT $%d",
		entryColumns, condition, n+1, n+2, n+3, n+4, s.direction(), s.direction(), n+5), args
}
