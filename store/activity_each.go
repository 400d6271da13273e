package store

import "context"

// entriesAhead is how many entries EachEntry reads at once.
const entriesAhead = 2000

// EachEntry calls see with every entry that matches, newest first, until see returns an error, which is returned. Whatever there is of
// them, each is read once, in short reads. Those that are added meanwhile are not among them. What see is given stays as
// it is.
func (q Queries) EachEntry(ctx context.Context, kinds *EntryKinds, filter EntryFilter, see func(*Entry) error) error {
	s := newEntrySearch(q, kinds, EntryQuery{EntryFilter: filter})
	for {
		entries, looked, err := s.next(ctx, entriesAhead)
		if err != nil {
			return err
		}
		for i := range entries {
			if err := see(&entries[i]); err != nil {
				return err
			}
		}
		if looked < entriesAhead {
			return nil
		}
	}
}
