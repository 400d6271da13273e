package store

import (
	"context"
	"slices"
)

// entriesAhead is how many entries are read at once of each combination of values that an index keeps apart.
const entriesAhead = 250

// EachEntry calls see with every entry that matches, newest first, until it returns an error, which is returned. However many there
// are, each is read once, in short reads, and a few hundred for each combination of kinds are held in memory. Entries that are
// added meanwhile are not among them.
func (q Queries) EachEntry(ctx context.Context, filter EntryFilter, see func(*Entry) error) error {
	s := newEntrySearch(q, EntryQuery{EntryFilter: filter})
	runs, err := s.runs(ctx)
	if err != nil {
		return err
	}
	var ahead []*entriesOfRun
	for _, run := range runs {
		r := &entriesOfRun{run: run, rest: s.span}
		if err := r.fill(ctx, s); err != nil {
			return err
		}
		ahead = append(ahead, r)
	}
	for seen := int64(0); ; {
		ahead = slices.DeleteFunc(ahead, func(r *entriesOfRun) bool { return len(r.entries) == 0 })
		if len(ahead) == 0 {
			return nil
		}
		r := slices.MinFunc(ahead, func(a, b *entriesOfRun) int { return s.compare(a.entries[0].Position(), b.entries[0].Position()) })
		e := &r.entries[0]
		if e.ID != seen && s.matches(e) { // what somebody did to themselves is in two runs
			if err := see(e); err != nil {
				return err
			}
		}
		seen = e.ID
		if r.entries = r.entries[1:]; len(r.entries) == 0 {
			if err := r.fill(ctx, s); err != nil {
				return err
			}
		}
	}
}

// entriesOfRun are the entries of a run that were read ahead; rest is where those behind them lie.
type entriesOfRun struct {
	run     entryRun
	rest    span
	entries []Entry
}

// fill reads the next ones.
func (r *entriesOfRun) fill(ctx context.Context, s *entrySearch) (err error) {
	r.entries, err = s.read(ctx, r.run, r.rest, entriesAhead)
	if n := len(r.entries); n > 0 {
		r.rest.leave(r.entries[n-1].Position(), s.newer)
	}
	return err
}
