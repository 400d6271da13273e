package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"console/store"
)

// What is confirmed is what happens: a confirmation sends along the digest of the preview that was shown, and where the
// operation would do something else by now it is refused instead. Who sends none, as programs do, has seen no preview.

// digester is a preview that can be confirmed.
type digester interface {
	// Digest is a short text that is another one wherever the preview says something else.
	Digest() string
}

// digestOf is a short text made of what a preview says, in numbers and texts.
func digestOf(said ...any) string {
	encoded, err := json.Marshal(said)
	if err != nil {
		panic(fmt.Sprintf("a preview says what is neither number nor text: %v", err))
	}
	sum := sha256.Sum256(encoded)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// saidOf is what a preview says of people: who they are, under which names, and which role they have or will have.
func saidOf(people ...store.User) []string {
	said := make([]string, len(people))
	for i, u := range people {
		said[i] = fmt.Sprint(u.ID, " ", person(u), " ", u.Role)
	}
	return said
}

// requireConfirmed refuses with ChangedPreview when the actor confirms another preview than this one.
func (v *View) requireConfirmed(now digester) error {
	if v.by.Confirms == "" || v.by.Confirms == now.Digest() {
		return nil
	}
	return changedPreview()
}

// changeConfirmed is change for an operation with a preview that reads more than the operation itself: it refuses with
// ChangedPreview where the actor confirms another one than preview returns. That is read beforehand, so that nobody waits
// for it, and again in the transaction only if something has been changed in between.
func changeConfirmed[P digester, T any](ctx context.Context, s *Service, by Actor,
	preview func(*View) (P, error), operation func(*Tx) (T, error)) (T, error) {
	if by.Confirms == "" {
		return change(ctx, s, by, operation)
	}
	compare := func(v *View) error {
		now, err := preview(v)
		if err != nil {
			return err
		}
		return v.requireConfirmed(now)
	}
	last, err := read(ctx, s, by, func(v *View) (int64, error) {
		last, err := v.db.LastEntry(ctx)
		if err != nil {
			return 0, err
		}
		return last, compare(v)
	})
	if err != nil {
		var none T
		return none, err
	}
	return change(ctx, s, by, func(tx *Tx) (T, error) {
		changed, err := tx.db.ChangedSince(ctx, last)
		if err == nil && changed {
			err = compare(&tx.View)
		}
		if err != nil {
			var none T
			return none, err
		}
		return operation(tx)
	})
}
