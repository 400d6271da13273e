package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// A sealed value begins with the name of its key, up to a colon. One key is in force: the one that the constant is sealed with. Nothing
// is stored that another one has sealed, which each statement that stores a sealed value makes sure of by itself: a process that has not
// heard of a rotation yet cannot leave anything behind that nobody can open once the old key is gone.

// ErrOtherKey says that a value was sealed with another key than the one in force. It was not stored.
var ErrOtherKey = errors.New("sealed with another key than the one in force")

// keyInForce is the condition that a value is sealed with the key in force. The parameters with the numbers n and n+1 are what sealedAlike
// returns. It is true where no constant is stored yet.
func keyInForce(n int) string {
	return fmt.Sprintf(`NOT EXISTS (SELECT 1 FROM sealed_constant WHERE sealed NOT BETWEEN $%d AND $%d)`, n, n+1)
}

// sealedAlike returns the bounds of all values that are sealed with the same key as one of them.
func sealedAlike(sealed []byte) (from, to []byte) {
	return beginning(sealed[:bytes.IndexByte(sealed, ':')+1])
}

// beginning returns the bounds of what begins with a prefix, and is longer. The last byte of it is not the greatest that there is.
func beginning(prefix []byte) (from, to []byte) {
	if len(prefix) == 0 {
		return []byte{}, []byte{}
	}
	to = bytes.Clone(prefix)
	to[len(to)-1]++
	return prefix, to
}

// SealedConstant returns the constant that was sealed with the key in force of this database, or ErrNotFound before it is.
func (q Queries) SealedConstant(ctx context.Context) ([]byte, error) {
	return one(ctx, q.q, value[[]byte], `SELECT sealed FROM sealed_constant`)
}

// SaveSealedConstant stores the constant as it is sealed now. The key that has sealed it is in force from then on.
func (tx *Tx) SaveSealedConstant(ctx context.Context, sealed []byte) error {
	_, err := tx.exec(
		ctx,
		`INSERT INTO sealed_constant (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed`,
		sealed,
	)
	return err
}

// SealedColumn is a column of values that are sealed for their row.
type SealedColumn struct{ table, id, column string }

// sealedColumns are all of them but the constant. An authenticator that is confirmed moves from pending to secret, as it is sealed:
// whoever looks through both looks through pending first, and so misses none.
var sealedColumns = []SealedColumn{
	{"integrations", "id", "settings"},
	{"authenticators", "user_id", "pending"},
	{"authenticators", "user_id", "secret"},
	{"deliveries", "id", "secret"},
}

// SealedColumns returns the columns in the order in which they are to be sealed anew.
func SealedColumns() []SealedColumn { return sealedColumns }

// SealedValue is one of the values of a SealedColumn.
type SealedValue struct {
	SealedColumn
	ID     int64 // of its row
	Sealed []byte
}

// Context is what the value is sealed for.
func (v SealedValue) Context() string { return fmt.Sprintf("%s/%d", v.table, v.ID) }

// SealedOtherwise returns values of a column that do not begin with the name of a key, in the order of their ids after one.
func (q Queries) SealedOtherwise(ctx context.Context, c SealedColumn, key []byte, after int64, limit int) ([]SealedValue, error) {
	from, to := beginning(key)
	return many(ctx, q.q, func(s scanner) (SealedValue, error) {
		v := SealedValue{SealedColumn: c}
		err := s.Scan(&v.ID, &v.Sealed)
		return v, err
	}, fmt.Sprintf(`SELECT %[1]s, %[2]s FROM %[3]s WHERE %[1]s > $1 AND %[2]s IS NOT NULL AND %[2]s NOT BETWEEN $2 AND $3
		ORDER BY %[1]s LIMIT $4`, c.id, c.column, c.table), after, from, to, limit)
}

// SealAnew stores a value as it is sealed now, and says whether it did: not where somebody has changed it meanwhile.
func (tx *Tx) SealAnew(ctx context.Context, v SealedValue, sealed []byte) (bool, error) {
	from, to := sealedAlike(sealed)
	n, err := tx.exec(ctx, fmt.Sprintf(`UPDATE %s SET %s = $3 WHERE %s = $1 AND %[2]s = $2 AND `+keyInForce(4), v.table, v.column, v.id),
		v.ID, v.Sealed, sealed, from, to)
	return n > 0, err
}
