package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"console/store"
)

// KeepIdempotencyKeys is for how long a program may repeat a request without making the same thing twice.
const KeepIdempotencyKeys = 24 * time.Hour

// Once marks a request that makes something, so that it can be repeated by who did not get its answer. The zero value marks nothing.
type Once struct {
	Key         string // of the program's choice; it is one of the token's
	Fingerprint []byte // of the request: with the same key, another one is refused with KeyReused
	Makes       string // the type of the object that is made, as activity entries have it
}

// DoneBefore is the error of an operation that was carried out before, with the same idempotency key. Nothing was done now.
type DoneBefore struct {
	ObjectID int64 // what was made then; it may have been deleted since
}

func (d *DoneBefore) Error() string { return fmt.Sprintf("done before: made %d", d.ObjectID) }

// doneBefore returns DoneBefore where the actor's token did the same before, and KeyReused where it did something else with that key.
func (v *View) doneBefore(ctx context.Context) error {
	request := v.by.Once
	if request.Key == "" || v.by.TokenID == 0 {
		return nil
	}
	before, err := v.db.IdempotencyKey(ctx, v.by.TokenID, request.Key, v.now.Add(-KeepIdempotencyKeys))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case !bytes.Equal(before.Fingerprint, request.Fingerprint):
		return Refuse(KeyReused)
	}
	return &DoneBefore{before.ObjectID}
}

// requireFirst is doneBefore for operations that look at how things are before their transaction: sent again, they would find what
// they have done themselves.
func (s *Service) requireFirst(ctx context.Context, by Actor) error {
	if by.Once.Key == "" {
		return nil
	}
	_, err := read(ctx, s, by, func(v *View) (struct{}, error) { return struct{}{}, v.doneBefore(ctx) })
	return err
}

// once runs an operation unless the actor's token did the same before, and remembers in its transaction what it made.
func (tx *Tx) once(ctx context.Context, operation func() error) error {
	request := tx.by.Once
	if request.Key == "" || tx.by.TokenID == 0 {
		return operation()
	}
	if err := tx.doneBefore(ctx); err != nil {
		return err
	}
	last, err := tx.db.LastEntry(ctx)
	if err != nil {
		return err
	}
	if err := operation(); err != nil {
		return err
	}
	made, err := tx.db.FirstObject(ctx, last, request.Makes)
	if err != nil {
		return fmt.Errorf("what was made with an idempotency key: %w", err)
	}
	return tx.db.InsertIdempotencyKey(ctx, store.IdempotencyKey{
		TokenID: tx.by.TokenID, Key: request.Key, Fingerprint: request.Fingerprint, ObjectID: made, At: tx.now,
	})
}
