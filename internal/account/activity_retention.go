package account

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"console/internal/permission"
	"console/store"
)

// Retentions are how long the activity log can be kept, in months; 0 is for ever.
var Retentions = []Retention{0, 6, 12, 24, 36, 60, 84}

// Of the entries that are too old, at most maxRemoved go in a transaction, and as many as take about removedIn: others must get
// their turn in between.
const (
	minRemoved = 100
	maxRemoved = 10_000
	removedIn  = 50 * time.Millisecond
)

// fieldMAC is where a removal entry has the MAC of the last entry that was removed.
const fieldMAC = "MAC"

// Removal is which entries of the activity log go when it is kept for a shorter time: those before a day, of the oldest on.
type Removal struct {
	Entries int64
	Before  store.Millis // the zero Removal has none
}

// Digest tells it from what goes on another day or with another retention.
func (r Removal) Digest() string { return digestOf(r.Entries, r.Before) }

// entriesTooOld returns the moment before which entries are too old, which is the beginning of a day in UTC, or 0 where none is. So what
// a preview says holds for the rest of the day. The clock counts only as far as the newest entry has got: one that is years ahead when
// the console starts removes nothing until somebody has done something by it.
func entriesTooOld(newest, now store.Millis, months int) store.Millis {
	if months == 0 {
		return 0
	}
	year, month, day := min(newest, now).Time().Date()
	return store.At(time.Date(year, month-time.Month(months), min(day, 28), 0, 0, 0, 0, time.UTC)) // every month has that day
}

// tooOld is entriesTooOld for the newest entry that there is.
func (v *View) tooOld(ctx context.Context, months int) (store.Millis, error) {
	newest, err := v.db.NewestEntryAt(ctx)
	return entriesTooOld(newest, v.now, months), err
}

// RemovalAfter returns which entries would go if the activity log were kept for a number of months. It returns Forbidden without
// general.update.
func (s *Service) RemovalAfter(ctx context.Context, by Actor, months int) (Removal, error) {
	return read(ctx, s, by, func(v *View) (Removal, error) {
		if err := v.requirePermission(permission.GeneralUpdate); err != nil {
			return Removal{}, err
		}
		before, err := v.tooOld(ctx, months)
		if err != nil || before == 0 {
			return Removal{}, err
		}
		count, err := v.db.CountEntriesBefore(ctx, before)
		if err != nil || count == 0 {
			return Removal{}, err
		}
		return Removal{count, before}, nil
	})
}

// SetActivityRetention decides for how many months the activity log is kept, one of Retentions. What is older goes at once
// and cannot be brought back. It returns ChangedPreview, Invalid, Forbidden or store.ErrStale.
func (s *Service) SetActivityRetention(ctx context.Context, by Actor, version int64, months int) (store.Account, error) {
	known := slices.Contains(Retentions, Retention(months))
	if known && by.Confirms != "" { // entries are only appended: what goes does not change before the transaction
		removal, err := s.RemovalAfter(ctx, by, months)
		if err != nil {
			return store.Account{}, err
		}
		if by.Confirms != removal.Digest() {
			return store.Account{}, changedPreview()
		}
	}
	settings, err := s.setGeneral(ctx, by, version, actChangeRetention, func(_ *Tx, a *store.Account) error {
		if !known {
			return invalid("retention", "Choose one of the times offered.")
		}
		a.ActivityRetention = months
		return nil
	})
	if err == nil {
		select {
		case s.retentionSet <- struct{}{}:
		default: // it is about to be looked at
		}
	}
	return settings, err
}

// Retention is for how many months the activity log is kept.
type Retention int

// String returns it in words, such as "6 months", "1 year" or "for ever".
func (r Retention) String() string {
	switch {
	case r == 0:
		return "for ever"
	case r%12 != 0:
		return fmt.Sprintf("%d months", int(r))
	case r == 12:
		return "1 year"
	}
	return fmt.Sprintf("%d years", int(r/12))
}

// Kept is the end of a sentence about what is kept: "for 6 months", "for ever".
func (r Retention) Kept() string {
	if r == 0 {
		return r.String()
	}
	return "for " + r.String()
}

// removeOldEntries removes the entries of the activity log that are older than General says: only from the first one on, in the order
// of their ids, up to the first that is not older. So where a clock was set back, an entry stays until those before it go.
func (s *Service) removeOldEntries(ctx context.Context) error {
	for limit := minRemoved; ; {
		began := time.Now()
		removed, err := s.removeBatch(ctx, limit)
		if err != nil || removed < int64(limit) {
			return err
		}
		took := max(time.Since(began), time.Millisecond)
		limit = min(max(minRemoved, int(int64(limit)*int64(removedIn)/int64(took))), 2*limit, maxRemoved)
	}
}

// removeBatch removes at most limit entries and returns how many it were. What is left of them is the entry that says so: the chain goes
// on from the last of them, whose MAC it holds.
func (s *Service) removeBatch(ctx context.Context, limit int) (int64, error) {
	return transaction(ctx, s, Actor{Source: System}, func(tx *Tx) (int64, error) {
		account, err := tx.db.Account(ctx)
		if errors.Is(err, store.ErrNotFound) { // nothing is set up yet
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		before, err := tx.tooOld(ctx, account.ActivityRetention)
		if err != nil || before == 0 {
			return 0, err
		}
		old, err := tx.db.EntriesBefore(ctx, before, limit)
		if err != nil || old.Count == 0 {
			return 0, err
		}
		err = tx.record(ctx, actRemoveEntries, Done, activityObject(old.Last.ID), map[string][2]string{
			"entries": {"", fmt.Sprint(old.Count)}, "last entry": {"", fmt.Sprint(old.Last.ID)}, fieldMAC: {"", hex.EncodeToString(old.Last.MAC)},
		})
		if err != nil {
			return 0, err
		}
		return old.Count, tx.db.DeleteEntries(ctx, old.Last.ID)
	})
}
