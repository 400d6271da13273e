package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"math"
	"strconv"
	"strings"

	"console/internal/input"
)

// MACBytes is the size of the MAC of an activity entry.
const MACBytes = 32

// MAC computes the MAC of an entry, given as the text that stands for it, which follows the one with the MAC previous.
type MAC func(previous, entry []byte) []byte

// What stands for the MAC of the entry before the first: of a log that began with its chain, and of one that is older and was
// sealed in. So the first entry says which of them it is, and nobody turns one into the other.
var (
	ChainStart    = make([]byte, MACBytes)
	SealedInStart = append([]byte("sealed in"), make([]byte, MACBytes-len("sealed in"))...)
)

// Head is an entry of the activity log as the next one refers to it.
type Head struct {
	ID  int64
	MAC []byte
}

// Link is an entry as the chain sees it: its text, which holds its id and all that it says, and its MAC.
type Link struct {
	Head
	Text []byte
}

// The columns of an entry in the order in which they stand in its text. That order never changes. A column that a later version
// adds stands behind them, after its name, and only where it is not empty: so the MACs of older entries stay true.
var (
	chainedNumbers = [...]string{"id", "at", "actor_id", "object_id", "job_id"}
	chainedTexts   = [...]string{
		"actor", "source", "address", "request_id", "action", "object_type", "object", "outcome", "changes", "user_agent",
	}
)

// chainText is the text of an entry, as the database makes it: its numbers, the length of each of its texts in bytes, and the
// texts, with commas between them. The lengths keep two entries from having the same text. The database makes it because one column
// is read in half the time that fifteen take.
var chainText = func() string {
	parts := chainedNumbers[:]
	for _, column := range chainedTexts {
		parts = append(parts, "octet_length("+column+")")
	}
	parts = append(parts, chainedTexts[:]...)
	parts = append(parts, `CASE WHEN token_id <> 0 THEN 'token_id,' || CAST(token_id AS TEXT) END`,
		`CASE WHEN token <> '' THEN 'token,' || CAST(octet_length(token) AS TEXT) || ',' || token END`)
	return "concat_ws(',', " + strings.Join(parts, ", ") + ")"
}()

// text is what chainText makes of e.
func (e *Entry) text() []byte {
	numbers := [len(chainedNumbers)]int64{e.ID, int64(e.At), e.ActorID, e.ObjectID, e.JobID}
	texts := [len(chainedTexts)]string{
		e.Actor, e.Source, e.Address, e.RequestID, e.Action, e.ObjectType, e.Object, e.Outcome, e.Changes, e.UserAgent,
	}
	var b []byte
	for _, n := range numbers {
		b = append(strconv.AppendInt(b, n, 10), ',')
	}
	for _, text := range texts {
		b = append(strconv.AppendInt(b, int64(len(text)), 10), ',')
	}
	b = append(b, strings.Join(texts[:], ",")...)
	if e.TokenID != 0 {
		b = strconv.AppendInt(append(b, ",token_id,"...), e.TokenID, 10)
	}
	if e.Token != "" {
		b = append(strconv.AppendInt(append(b, ",token,"...), int64(len(e.Token)), 10), ","+e.Token...)
	}
	return b
}

// is says whether two heads are the same entry.
func (h Head) is(other Head) bool { return h.ID == other.ID && bytes.Equal(h.MAC, other.MAC) }

// ActivityHead returns the newest entry. Where there is none, its id is 0 and its MAC ChainStart.
func (q Queries) ActivityHead(ctx context.Context) (Head, error) {
	return q.ActivityHeadAt(ctx, math.MaxInt64)
}

// ActivityHeadAt returns what was the newest entry when none had a higher id than this one. Where there is none, its id is 0 and
// its MAC ChainStart.
func (q Queries) ActivityHeadAt(ctx context.Context, id int64) (Head, error) {
	head, err := one(ctx, q.q, func(s scanner) (h Head, err error) {
		err = s.Scan(&h.ID, &h.MAC)
		return h, err
	}, `SELECT id, mac FROM activity WHERE id <= $1 ORDER BY id DESC LIMIT 1`, id)
	if errors.Is(err, ErrNotFound) {
		return Head{MAC: ChainStart}, nil
	}
	return head, err
}

// InsertEntry appends e to the chain and sets its id, which is one above that of the newest entry, and its MAC. Entries cannot be
// changed; the oldest can be removed.
func (tx *Tx) InsertEntry(ctx context.Context, mac MAC, e *Entry) error {
	if len(tx.head.MAC) == 0 { // a job writes many entries in one transaction
		head, err := tx.ActivityHead(ctx)
		if err != nil {
			return err
		}
		tx.head = head
	}
	for _, text := range []*string{&e.Actor, &e.Source, &e.Address, &e.UserAgent, &e.RequestID, &e.Action, &e.ObjectType, &e.Object,
		&e.Outcome, &e.Changes, &e.Token} {
		*text = input.Storable(*text) // before the MAC is made of it
	}
	e.ID = tx.head.ID + 1
	e.MAC = mac(tx.head.MAC, e.text())
	_, err := tx.exec(
		ctx,
		`INSERT INTO activity (`+entryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
			$15, $16, $17, $18)`,
		e.ID,
		e.At,
		e.ActorID,
		e.Actor,
		e.Source,
		e.Address,
		e.RequestID,
		e.Action,
		e.ObjectType,
		e.ObjectID,
		e.Object,
		e.Outcome,
		e.Changes,
		e.UserAgent,
		e.JobID,
		e.MAC,
		e.TokenID,
		e.Token,
	)
	tx.head = Head{}
	if err == nil {
		tx.head = Head{e.ID, e.MAC}
	}
	return err
}

// EachLink calls see with the entries after an id in the order of their ids, at most limit, until it returns an error. What see is
// given is only good until it returns.
func (q Queries) EachLink(ctx context.Context, after int64, limit int, see func(Link) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rows, err := q.q.QueryContext(ctx, `SELECT id, `+q.engine.bytes(chainText)+`, mac FROM activity
		WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	if err != nil {
		return unavailable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var text, mac sql.RawBytes
		if err := rows.Scan(&id, &text, &mac); err != nil {
			return unavailable(err)
		}
		if err := see(Link{Head{id, []byte(mac)}, text}); err != nil {
			return err
		}
	}
	return unavailable(rows.Err())
}

// CountEntries counts all entries.
func (q Queries) CountEntries(ctx context.Context) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT count(*) FROM activity`)
}

// FirstWithoutMAC returns the id of the oldest entry without a MAC, or ErrNotFound. It looks at every entry.
func (q Queries) FirstWithoutMAC(ctx context.Context) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT id FROM activity WHERE length(mac) = 0 ORDER BY id LIMIT 1`)
}

// SealEntries gives entries that have no MAC theirs.
func (tx *Tx) SealEntries(ctx context.Context, heads []Head) error {
	tx.head = Head{} // it may be among them
	for _, head := range heads {
		if _, err := tx.exec(ctx, `UPDATE activity SET mac = $2 WHERE id = $1`, head.ID, head.MAC); err != nil {
			return err
		}
	}
	return nil
}

// The actions by which the chain is known to have begun with older entries, or to have lost its oldest; the trigger that keeps entries
// from being removed knows the second.
const (
	ActionSealEntries   = "seal entries"
	ActionRemoveEntries = "remove entries"
	ActivityObject      = "activity log"
)

// SealingEntry returns the entry that says up to which one, its object, entries are older than the chain. It returns ErrNotFound
// for a log that began with its chain.
func (q Queries) SealingEntry(ctx context.Context) (Entry, error) {
	return one(ctx, q.q, scanEntry, `SELECT `+entryColumns+` FROM activity WHERE object_type = $1 AND action = $2 ORDER BY id LIMIT 1`,
		ActivityObject, ActionSealEntries)
}

// RemovalBelow returns, of the entries about the removal of others, the one that tells of the newest of those below an id: that one
// is its object. It returns ErrNotFound where there is none.
func (q Queries) RemovalBelow(ctx context.Context, id int64) (Entry, error) {
	return one(ctx, q.q, scanEntry, `SELECT `+entryColumns+` FROM activity WHERE action = 'remove entries' AND object_id < $1
		ORDER BY object_id DESC, id DESC LIMIT 1`, id)
}

// NewestEntryAt returns when the newest entry was written, or 0.
func (q Queries) NewestEntryAt(ctx context.Context) (Millis, error) {
	return one(ctx, q.q, value[Millis], `SELECT coalesce((SELECT at FROM activity WHERE id = (SELECT max(id) FROM activity)), 0)`)
}

// OldEntries are the oldest entries of the activity log.
type OldEntries struct {
	Count int64
	Last  Head // the newest of them
}

// EntriesBefore returns the oldest entries, up to the first that is not older than a time, and at most limit.
func (q Queries) EntriesBefore(ctx context.Context, before Millis, limit int) (old OldEntries, err error) {
	type dated struct {
		Head
		at Millis
	}
	oldest, err := many(ctx, q.q, func(s scanner) (d dated, err error) {
		err = s.Scan(&d.ID, &d.MAC, &d.at)
		return d, err
	}, `SELECT id, mac, at FROM activity WHERE id > 0 ORDER BY id LIMIT $1`, limit)
	for _, d := range oldest {
		if d.at >= before {
			break
		}
		old.Count++
		old.Last = d.Head
	}
	return old, err
}

// CountEntriesBefore counts what EntriesBefore returns without a limit, by ids: none is left out. It reads the index of the times of all
// entries that are not older.
func (q Queries) CountEntriesBefore(ctx context.Context, before Millis) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT coalesce((SELECT min(+id) FROM activity WHERE at >= $1) - (SELECT min(id) FROM activity), 0)`,
		before)
}

// DeleteEntries removes the entries up to the one that the newest removal entry names.
func (tx *Tx) DeleteEntries(ctx context.Context, upTo int64) error {
	_, err := tx.exec(ctx, `DELETE FROM activity WHERE id <= $1`, upTo)
	return err
}
