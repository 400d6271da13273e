package store

import "context"

// entriesAhead is how many entries EachEntry reads at once.
const entriesAhead = 1000

// EachEntry calls see with the entries that match, newest first, many at a time, until see returns an error, which is returned. Whatever
// there is of them, each is read once, in short reads. Those that are added meanwhile are not among them. What see is given stays as
// it is.
func (q Queries) EachEntry(ctx context.Context, kinds *EntryKinds, filter EntryFilter, see func([]Entry) error) error {
	s := newEntrySearch(q, kinds, EntryQuery{EntryFilter: filter})
	for {
		entries, looked, err := s.next(ctx, entriesAhead)
		if err != nil {
			return err
		}
		if err := see(entries); err != nil || looked < entriesAhead {
			return err
		}
	}
}
