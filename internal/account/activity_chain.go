package account

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"console/internal/auth"
	"console/store"
)

const (
	sealedTogether   = 2_000            // entries that are sealed in by one transaction
	verifiedTogether = 10_000           // entries that are read at once: a long reading would keep SQLite from tidying up its log
	lookedBehind     = 1_000            // entries among which the one is looked for that follows what was inserted
	progressEvery    = 10 * time.Second // while entries are sealed in
	headEvery        = 24 * time.Hour
)

// activityObject is the activity log itself, up to an entry.
func activityObject(last int64) object {
	return object{kind: objectActivity, id: last, name: fmt.Sprintf("entries up to %d", last)}
}

// SealIn gives the entries of before the chain their MACs, oldest first, and ends with an entry that says up to which one they are
// older than the chain. It does so once, before anything else is appended; what a crash interrupts goes on with the next start. A
// log whose chain has begun is left as it is, so that nobody has a forged entry sealed by restarting the console: verifying finds it.
func (s *Service) SealIn(ctx context.Context) error {
	head, err := s.db.ActivityHead(ctx)
	if err != nil || len(head.MAC) == store.MACBytes {
		return err
	}
	first, err := s.db.FirstWithoutMAC(ctx)
	if err != nil {
		return err
	}
	begun, err := s.chainBegan(ctx)
	if err != nil {
		return err
	}
	if begun {
		s.log.Error("the activity log holds an entry without a MAC that the console has not written; run console audit verify", "id", first)
		return nil
	}
	for at, told := first-1, time.Now(); ; {
		sealed, err := s.sealBatch(ctx, at)
		if err != nil {
			return fmt.Errorf("seal in the activity log: %w", err)
		}
		if sealed == at {
			return nil
		}
		if at = sealed; time.Since(told) >= progressEvery {
			told = time.Now()
			s.log.Info("sealing in the activity log", "up_to", at, "of", head.ID)
		}
	}
}

// chainBegan reports whether entries are already appended to a chain: then none without a MAC can be older than it.
func (s *Service) chainBegan(ctx context.Context) (began bool, err error) {
	for _, find := range []func() error{
		func() error { _, err := s.db.SealingEntry(ctx); return err },
		func() error { _, err := s.db.RemovalBelow(ctx, math.MaxInt64); return err },
	} {
		if err := find(); !errors.Is(err, store.ErrNotFound) {
			return err == nil, err
		}
	}
	err = s.db.EachLink(ctx, 0, 1, func(first store.Link) error {
		began = len(first.MAC) > 0 && !hmac.Equal(first.MAC, s.chain.MAC(store.SealedInStart, first.Text))
		return nil
	})
	return began, err
}

// sealBatch seals in entries after an id, and returns the id of the last of them. When there are no more it tells the log so.
func (s *Service) sealBatch(ctx context.Context, after int64) (last int64, err error) {
	return transaction(ctx, s, Actor{Source: System}, func(tx *Tx) (int64, error) {
		previous, err := tx.db.ActivityHeadAt(ctx, after)
		if err != nil {
			return 0, err
		}
		if previous.ID == 0 {
			previous.MAC = store.SealedInStart
		}
		var sealed []store.Head
		err = tx.db.EachLink(ctx, after, sealedTogether, func(entry store.Link) error {
			if len(entry.MAC) == 0 { // otherwise another process has sealed it meanwhile
				entry.MAC = s.chain.MAC(previous.MAC, entry.Text)
				sealed = append(sealed, entry.Head)
			}
			previous = entry.Head
			return nil
		})
		if err != nil {
			return 0, err
		}
		if previous.ID > after {
			return previous.ID, tx.db.SealEntries(ctx, sealed)
		}
		if _, err := tx.db.SealingEntry(ctx); !errors.Is(err, store.ErrNotFound) {
			return after, err
		}
		return after, tx.recordSealing(ctx, previous.ID)
	})
}

// recordSealing writes that the entries up to the last one are older than the chain.
func (tx *Tx) recordSealing(ctx context.Context, last int64) error {
	count, err := tx.db.CountEntries(ctx)
	if err != nil {
		return err
	}
	tx.service.log.Info("the activity log is sealed in", "entries", count, "up_to", last)
	return tx.record(ctx, actSealEntries, Done, activityObject(last), map[string][2]string{
		"entries": {"", fmt.Sprint(count)}, "last entry": {"", fmt.Sprint(last)},
	})
}

// LogHead writes the head of the activity log into the program's log. Kept where nobody who can change the database can reach it, it
// tells later whether the end of the activity log was cut off.
func (s *Service) LogHead(ctx context.Context) {
	head, err := s.db.ActivityHead(ctx)
	switch {
	case err != nil:
		s.log.Error("head of the activity log", "error", err)
	case head.ID > 0:
		s.log.Info("activity log", "id", head.ID, "head", hex.EncodeToString(head.MAC))
	}
}

// LogHeads writes the head of the activity log at once and once a day, until ctx is done.
func (s *Service) LogHeads(ctx context.Context) {
	for {
		s.LogHead(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(headEvery):
		}
	}
}

// Verification is what came of verifying the activity log.
type Verification struct {
	Entries  int64       // how many were looked at
	Head     store.Head  // the last of them
	Removed  int64       // the newest id that was removed because of its age; 0: none
	SealedIn store.Entry // says up to which entry the log is older than its chain; zero: it began with it, or was verified from later on
	Wrong    *WrongEntry // the first one; nil: the log is whole
}

// WrongEntry is an entry at which the chain breaks.
type WrongEntry struct {
	ID  int64
	How string // what is wrong with it, for people
}

// VerifyOptions say what is verified besides the chain.
type VerifyOptions struct {
	Head []byte // MAC that one of the entries has; nil: whichever
	From int64  // the first entry looked at, the one before it is trusted; 0: all that were not removed
}

// ErrNoEntry says that there is no entry to begin at.
var ErrNoEntry = errors.New("the activity log ends before that entry")

// VerifyActivity recomputes the chain of the activity log in a database. It reads in batches, so it takes constant memory and may run
// while the console serves. It returns ErrNoEntry where the log ends before the entry to begin at.
func VerifyActivity(ctx context.Context, db store.Queries, key *auth.Key, options VerifyOptions) (Verification, error) {
	v := &verifier{db: db, chain: key.Chain(), wanted: options.Head}
	err := v.begin(ctx, options.From)
	for err == nil && v.found.Wrong == nil && !v.ended {
		err = v.batch(ctx)
	}
	return v.found, err
}

// verifier walks along the chain.
type verifier struct {
	db       store.Queries
	chain    *auth.Chain
	wanted   []byte
	met      bool // an entry has the MAC that is wanted
	ended    bool // there are no more entries
	previous store.Head
	broken   store.Link
	found    Verification
}

// errBroken says that an entry does not follow the one before it.
var errBroken = errors.New("the chain is broken")

// begin finds where to begin: at an entry asked for, after what was removed because of its age, or at the first one.
func (v *verifier) begin(ctx context.Context, from int64) error {
	head, err := v.db.ActivityHead(ctx)
	if err != nil {
		return err
	}
	if from > head.ID {
		return fmt.Errorf("%w: the last one is %d", ErrNoEntry, head.ID)
	}
	removed, err := v.boundary(ctx)
	if err != nil {
		return err
	}
	v.found.Removed = removed.ID
	if from-1 > removed.ID {
		before, err := v.db.ActivityHeadAt(ctx, from-1)
		v.trust(before)
		return err
	}
	v.trust(removed)
	return v.db.EachLink(ctx, 0, 1, func(first store.Link) error {
		if first.ID <= removed.ID {
			v.found.Wrong = &WrongEntry{first.ID, fmt.Sprintf("it is there again: entries up to %d were removed because of their age", removed.ID)}
		}
		return nil
	})
}

// trust goes on after an entry that is not looked at.
func (v *verifier) trust(h store.Head) {
	v.previous = h
	v.met = v.met || hmac.Equal(h.MAC, v.wanted)
}

// boundary returns the last entry that was removed because of its age, as the newest removal entry says of which the MAC is true.
// Whether that stands where it belongs shows when it is reached. Where nothing was removed, it returns what the chain starts with.
func (v *verifier) boundary(ctx context.Context) (store.Head, error) {
	for below := int64(math.MaxInt64); ; {
		removal, err := v.db.RemovalBelow(ctx, below)
		if errors.Is(err, store.ErrNotFound) {
			return store.Head{MAC: store.ChainStart}, nil
		}
		if err != nil {
			return store.Head{}, err
		}
		genuine, err := v.genuine(ctx, removal.ID)
		if err != nil {
			return store.Head{}, err
		}
		if last, readable := removedUpTo(removal); genuine && readable {
			return last, nil
		}
		below = removal.ObjectID
	}
}

// genuine reports whether the console has written an entry after the one that stands before it.
func (v *verifier) genuine(ctx context.Context, id int64) (genuine bool, err error) {
	before, err := v.db.ActivityHeadAt(ctx, id-1)
	if err != nil {
		return false, err
	}
	err = v.db.EachLink(ctx, id-1, 1, func(entry store.Link) error {
		genuine = v.follows(entry, before.MAC)
		return nil
	})
	return genuine, err
}

// follows reports whether an entry is the one that was written after the one with a MAC.
func (v *verifier) follows(entry store.Link, previous []byte) bool {
	return hmac.Equal(entry.MAC, v.chain.MAC(previous, entry.Text))
}

// batch goes some entries further. At the end, and where the chain is broken, it finds out what that means.
func (v *verifier) batch(ctx context.Context) error {
	seen := v.found.Entries
	err := v.db.EachLink(ctx, v.previous.ID, verifiedTogether, v.follow)
	switch {
	case errors.Is(err, errBroken):
		return v.explain(ctx)
	case err == nil && v.found.Entries == seen:
		v.ended = true
		return v.end(ctx)
	}
	return err
}

// follow goes one entry further, or returns errBroken.
func (v *verifier) follow(entry store.Link) error {
	first := v.previous.ID == 0 && v.follows(entry, store.SealedInStart)
	if !first && !v.follows(entry, v.previous.MAC) {
		v.broken = entry
		return errBroken
	}
	v.previous = entry.Head
	v.found.Head = entry.Head
	v.found.Entries++
	v.met = v.met || hmac.Equal(entry.MAC, v.wanted)
	return nil
}

// explain says what is wrong with the entry that does not follow the one before it, unless the console has removed that one
// meanwhile.
func (v *verifier) explain(ctx context.Context) error {
	removed, err := v.boundary(ctx)
	if err != nil {
		return err
	}
	if removed.ID > v.previous.ID && removed.ID < v.broken.ID {
		v.found.Removed = removed.ID
		v.trust(removed)
		return nil
	}
	how := "it was changed, or the console has not written it"
	if len(v.broken.MAC) == 0 {
		how = "it has no MAC: the console has not written it, or has not been started since it was updated"
	}
	v.found.Wrong = &WrongEntry{v.broken.ID, how}
	inserted, err := v.inserted(ctx)
	switch {
	case err != nil:
		return err
	case inserted:
		v.found.Wrong.How = "it was inserted: a later entry follows the one before it"
	case v.broken.ID > v.previous.ID+1:
		v.found.Wrong = &WrongEntry{v.previous.ID + 1, fmt.Sprintf("it is missing: the next entry that is there is %d", v.broken.ID)}
	}
	return nil
}

// inserted reports whether one of the entries after the broken one follows the last that was right.
func (v *verifier) inserted(ctx context.Context) (inserted bool, err error) {
	err = v.db.EachLink(ctx, v.broken.ID, lookedBehind, func(entry store.Link) error {
		inserted = inserted || v.follows(entry, v.previous.MAC)
		return nil
	})
	return inserted, err
}

// end looks at what only shows once the whole chain was walked along.
func (v *verifier) end(ctx context.Context) error {
	if v.wanted != nil && !v.met {
		v.found.Wrong = &WrongEntry{v.previous.ID + 1, "it is missing: no entry has the MAC asked for, so the end was cut off, " +
			"or an old copy was put back and went on"}
		return nil
	}
	sealing, err := v.db.SealingEntry(ctx)
	if errors.Is(err, store.ErrNotFound) || err == nil && sealing.ID > v.previous.ID {
		return nil
	}
	v.found.SealedIn = sealing
	return err
}

// removedUpTo is the last entry that was removed, as a removal entry says.
func removedUpTo(removal store.Entry) (last store.Head, readable bool) {
	var changes map[string][2]string
	if err := json.Unmarshal([]byte(removal.Changes), &changes); err != nil {
		return store.Head{}, false
	}
	mac, err := hex.DecodeString(changes[fieldMAC][1])
	return store.Head{ID: removal.ObjectID, MAC: mac}, err == nil && len(mac) == store.MACBytes
}
