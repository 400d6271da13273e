package store

import "context"

// IdempotencyKey is what a program made with a key of its own choice.
type IdempotencyKey struct {
	TokenID     int64
	Key         string
	Fingerprint []byte // of the request
	ObjectID    int64  // what was made
	At          Millis
}

func scanIdempotencyKey(s scanner) (k IdempotencyKey, err error) {
	return k, s.Scan(&k.TokenID, &k.Key, &k.Fingerprint, &k.ObjectID, &k.At)
}

// IdempotencyKey returns what a token made with a key since a time, or ErrNotFound.
func (q Queries) IdempotencyKey(ctx context.Context, tokenID int64, key string, since Millis) (IdempotencyKey, error) {
	return one(ctx, q.q, scanIdempotencyKey, `SELECT token_id, key, fingerprint, object_id, at FROM idempotency_keys
		WHERE token_id = $1 AND key = $2 AND at >= $3`, tokenID, key, since)
}

// InsertIdempotencyKey keeps a key, in place of an older one that was the same.
func (tx *Tx) InsertIdempotencyKey(ctx context.Context, k IdempotencyKey) error {
	_, err := tx.exec(ctx, `INSERT INTO idempotency_keys (token_id, key, fingerprint, object_id, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (token_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, object_id = excluded.object_id, at = excluded.at`,
		k.TokenID, k.Key, k.Fingerprint, k.ObjectID, k.At)
	return err
}

// FirstObject returns the id of the object of a kind that the first entry behind another names, or ErrNotFound.
func (q Queries) FirstObject(ctx context.Context, behind int64, kind string) (int64, error) {
	return one(ctx, q.q, value[int64], `SELECT object_id FROM activity WHERE id > $1 AND object_type = $2 ORDER BY id LIMIT 1`, behind, kind)
}

// DeleteIdempotencyKeys forgets those of before a time.
func (tx *Tx) DeleteIdempotencyKeys(ctx context.Context, before Millis) error {
	_, err := tx.exec(ctx, `DELETE FROM idempotency_keys WHERE at < $1`, before)
	return err
}
