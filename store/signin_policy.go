package store

import "context"

// SetSignInPolicy stores what signing in demands, when nobody has changed the account since version was read;
// otherwise it returns ErrStale.
func (tx *Tx) SetSignInPolicy(ctx context.Context, enforce bool, minLength int, version int64) error {
	return tx.execOne(ctx, ErrStale, `UPDATE account SET enforce_two_factor = $1, password_min_length = $2, version = version + 1 WHERE version = $3`,
		enforce, minLength, version)
}
