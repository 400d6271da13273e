package store

import "context"

// entriesAhead is how many entries EachEntry reads at once, over all kinds that an index keeps apart.
const entriesAhead = 500

// EachEntry calls see with every entry that matches, newest first, until see returns an error, which is returned. Whatever there is of
// them, each is read once, in short reads. Those that are added meanwhile are not among them. What see is given stays as
// it is.
func (q Queries) EachEntry(ctx context.Context, kinds *EntryKinds, filter EntryFilter, see func(*Entry) error) error {
	s := newEntrySearch(q, EntryQuery{EntryFilter: filter})
	runs, err := s.runs(ctx, kinds)
	if err != nil {
		return err
	}
	s.begin(runs, entriesAhead)
	for {
		e, more, err := s.next(ctx)
		if err != nil || !more {
			return err
		}
		if s.matches(e) {
			if err := see(e); err != nil {
				return err
			}
		}
	}
}
