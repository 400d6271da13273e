package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"console/internal/auth"
	"console/store"
)

// Rotating the key takes three steps, each of which a crash leaves either done or not, and the next rotation goes on from there:
//
//  1. A new key is put into the key file beside the old one, and the constant is sealed with it, which puts it in force: nothing that
//     the old key has sealed is stored from then on (store.ErrOtherKey).
//  2. What the old key has sealed is sealed anew, in small transactions.
//  3. The old key is dropped from the file.
//
// The file is changed within a transaction, which may be the only one that writes: of several processes one changes it at a time, and
// none puts a key in force that another one takes out of the file.

// ConstantContext is what the constant is sealed for that tells the key of a database.
const ConstantContext = "sealed_constant/1"

const (
	rotationLease    = "key rotation"
	rotationLasts    = 10 * time.Second // how long others wait after a rotation was killed
	resealedTogether = 200              // values that are sealed anew by one transaction
)

// useKeyInForce makes the key in force the one that seals here too, and returns its name: "" where nothing is sealed yet. It returns
// auth.ErrKeyMissing.
func (s *Service) useKeyInForce(ctx context.Context, q store.Queries) (string, error) {
	constant, err := q.SealedConstant(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name := auth.KeyOf(constant)
	return name, s.key.Use(name)
}

// sealing runs what seals something and stores it. Where another key is in force by now nothing was stored: then it runs once more with
// that key, which stays in force until this transaction ends. It returns auth.ErrKeyMissing.
func (tx *Tx) sealing(ctx context.Context, run func() error) error {
	err := run()
	if !errors.Is(err, store.ErrOtherKey) {
		return err
	}
	if _, err := tx.service.useKeyInForce(ctx, tx.db.Queries); err != nil {
		return err
	}
	return run()
}

// Rotation is what RotateKey has done.
type Rotation struct {
	Key      string   // in force now, and the only one in the key file
	WentOn   bool     // with the key of a rotation that was prepared, or interrupted
	Sealed   int      // values that were sealed anew
	Unopened []string // what could not be opened before either, as table/id; it stays as it is
}

// PrepareKey puts the key of the next rotation into the key file, beside the one there, and returns its name. Nothing is sealed with it
// yet, so that there is time to copy the file to where other processes serve the same database. Where the file has such a key already it
// stays. It returns StillRotating while a rotation runs or is to be finished, NotSetUp, or an error that says why the file cannot be
// written.
func (s *Service) PrepareKey(ctx context.Context, by Actor) (string, error) {
	return change(ctx, s, by, func(tx *Tx) (string, error) {
		keys, err := tx.keys(ctx)
		if err == nil && keys.newest == keys.inForce {
			unfinished := Refuse(StillRotating)
			unfinished.Words = "A rotation was interrupted. Finish it first: run console key rotate."
			err = unfinished
		}
		if err != nil {
			return "", err
		}
		return keys.newest, tx.db.GiveBackLease(ctx, rotationLease)
	})
}

// RotateKey gives what is sealed a new key and drops the old one from the key file. It may run while the console is served. What an
// interrupted rotation has left, the next one finishes. It returns StillRotating while another one runs, NotSetUp, or an error that says
// why the file cannot be written; where that is the first step, nothing has changed.
func (s *Service) RotateKey(ctx context.Context, by Actor) (Rotation, error) {
	done, err := s.putNewKeyInForce(ctx, by)
	if err != nil {
		return Rotation{}, err
	}
	for _, column := range store.SealedColumns() {
		if err := s.sealAnew(ctx, column, &done); err != nil {
			return Rotation{}, err
		}
	}
	_, err = transaction(ctx, s, by, func(tx *Tx) (struct{}, error) {
		if err := tx.goOnRotating(ctx, done.Key); err != nil {
			return struct{}{}, err
		}
		if err := s.key.KeepSealingKey(done.Key); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.db.GiveBackLease(ctx, rotationLease)
	})
	return done, err
}

// putNewKeyInForce is the first step.
func (s *Service) putNewKeyInForce(ctx context.Context, by Actor) (Rotation, error) {
	return change(ctx, s, by, func(tx *Tx) (Rotation, error) {
		keys, err := tx.keys(ctx)
		done := Rotation{Key: keys.newest, WentOn: !keys.made}
		if err != nil || keys.newest == keys.inForce {
			return done, err
		}
		constant, err := tx.db.SealedConstant(ctx)
		if err != nil {
			return Rotation{}, err
		}
		plain, err := s.key.Open(constant, ConstantContext)
		if err == nil {
			err = s.key.Use(keys.newest)
		}
		if err == nil {
			err = tx.db.SaveSealedConstant(ctx, s.key.Seal(plain, ConstantContext))
		}
		if err != nil {
			return Rotation{}, err
		}
		named := changes{"sealing key": {keys.inForce, keys.newest}}
		return done, tx.record(ctx, actRotateKey, Done, object{kind: objectDatabase}, named)
	})
}

// sealingKeys are the key in force and the newest one in the key file. Where that is the same, the key in force is not the only one there.
type sealingKeys struct {
	inForce, newest string
	made            bool // the newest one, just now
}

// keys returns the two keys of a rotation. The new one is made unless it is in the file already. It begins the lease of a rotation, or
// refuses with StillRotating.
func (tx *Tx) keys(ctx context.Context) (keys sealingKeys, err error) {
	if err := tx.leaseRotation(ctx); err != nil {
		return keys, err
	}
	if keys.inForce, err = tx.service.useKeyInForce(ctx, tx.db.Queries); err != nil {
		return keys, err
	}
	names, err := tx.service.key.SealingKeys()
	switch {
	case err != nil:
	case !slices.Contains(names, keys.inForce): // it is known here only from an earlier state of the file
		err = fmt.Errorf("%w (%s)", auth.ErrKeyMissing, keys.inForce)
	case len(names) > 1:
		keys.newest = names[1]
	default:
		keys.made = true
		keys.newest, err = tx.service.key.AddSealingKey()
	}
	return keys, err
}

func (tx *Tx) leaseRotation(ctx context.Context) error {
	free, err := tx.db.TakeLease(ctx, rotationLease, tx.now, rotationLasts)
	if err == nil && !free {
		err = Refuse(StillRotating)
	}
	return err
}

// goOnRotating renews the lease, and refuses where somebody else has gone on meanwhile.
func (tx *Tx) goOnRotating(ctx context.Context, key string) error {
	if err := tx.leaseRotation(ctx); err != nil {
		return err
	}
	inForce, err := tx.service.useKeyInForce(ctx, tx.db.Queries)
	if err == nil && inForce != key {
		err = Refuse(StillRotating)
	}
	return err
}

// sealAnew is the second step, for a column. What is to be sealed anew is read and sealed outside of transactions; nothing is added to
// it since the key is in force. After each transaction others have as long for theirs.
func (s *Service) sealAnew(ctx context.Context, column store.SealedColumn, done *Rotation) error {
	for after := int64(0); ; {
		values, err := s.db.SealedOtherwise(ctx, column, auth.SealedBy(done.Key), after, resealedTogether)
		if err != nil || len(values) == 0 {
			return err
		}
		began := time.Now()
		if err := s.resealBatch(ctx, values, done); err != nil {
			return err
		}
		if !sleep(ctx, time.Since(began)) {
			return ctx.Err()
		}
		after = values[len(values)-1].ID
	}
}

func (s *Service) resealBatch(ctx context.Context, values []store.SealedValue, done *Rotation) error {
	sealed := make([][]byte, len(values))
	for i, v := range values {
		plain, err := s.key.Open(v.Sealed, v.Context())
		if errors.Is(err, auth.ErrSealed) || errors.Is(err, auth.ErrKeyMissing) {
			done.Unopened = append(done.Unopened, v.Context())
			continue
		}
		if err != nil {
			return err
		}
		sealed[i] = s.key.Seal(plain, v.Context())
	}
	_, err := transaction(ctx, s, Actor{Source: System}, func(tx *Tx) (struct{}, error) {
		if err := tx.goOnRotating(ctx, done.Key); err != nil {
			return struct{}{}, err
		}
		for i, v := range values {
			if sealed[i] == nil {
				continue
			}
			changed, err := tx.db.SealAnew(ctx, v, sealed[i])
			if err != nil {
				return struct{}{}, err
			}
			if changed {
				done.Sealed++
			}
		}
		return struct{}{}, nil
	})
	return err
}
