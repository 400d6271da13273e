package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"console/internal/auth"
	"console/internal/fake"
	"console/store"
	"console/store/storetest"
)

// skewed are three processes on one database, on machines whose clocks are wrong, and the clock of the database.
func skewed(t *testing.T) (replicas []*Service, clock *fake.Clock) {
	t.Helper()
	clock = fake.NewClock(time.Now().Truncate(time.Second))
	var clocks []func() time.Time
	for _, ahead := range []time.Duration{-90 * time.Second, 0, 90 * time.Second} {
		c := store.NewClock(func() time.Time { return clock.Now().Add(ahead) },
			func(context.Context) (time.Time, error) { return clock.Now(), nil }, slog.New(slog.DiscardHandler))
		if err := c.Measure(ctx); err != nil {
			t.Fatal(err)
		}
		clocks = append(clocks, c.Now)
	}
	replicas = replicasAt(t, storetest.Place(t), clocks...)
	for _, s := range replicas {
		s.hasher = auth.NewHasher(Queue(1))
	}
	return replicas, clock
}

// What one process begins lasts as long on the others, whatever their machines say.
func TestPG18_AllProcessesGoByOneClock(t *testing.T) {
	t.Parallel()
	replicas, clock := skewed(t)
	id := found(t, replicas[0]).UserID
	const idle = 5 * time.Minute
	err := replicas[0].db.Update(ctx, func(tx *store.Tx) error {
		account, err := tx.Account(ctx)
		account.IdleTimeout = idle
		return errors.Join(err, tx.UpdateAccount(ctx, &account), tx.SetPasswordHash(ctx, id, officeHash()))
	})
	if err != nil {
		t.Fatal(err)
	}
	each := func(what string, do func(s *Service) error, wants func(error) bool) {
		t.Helper()
		for i, s := range replicas {
			if err := do(s); !wants(err) {
				t.Errorf("%s, on process %d: %v", what, i, err)
			}
		}
	}
	works := func(err error) bool { return err == nil }
	for i, s := range replicas {
		from := Client{Address: fmt.Sprintf("192.0.2.%d", i+1)}
		begun, err := s.SignIn(ctx, "ga@example.com", officePassword, from)
		if err != nil {
			t.Fatal(err)
		}
		hash := auth.HashToken(begun.Token)
		loads := func(s *Service) error { _, err := s.Session(ctx, hash, true); return err }
		each("a session that has begun", loads, works)
		clock.Advance(idle - time.Second)
		each("a session that was used five minutes ago", loads, works)
		clock.Advance(time.Second)
		each("a session that was not used for too long", loads, func(err error) bool { return errors.Is(err, store.ErrNotFound) })

		for range accountPasswords.Number {
			if _, err := s.SignIn(ctx, "ga@example.com", "wrong", from); !RefusedBy(err, WrongSignIn) {
				t.Fatal(err)
			}
		}
		signsIn := func(s *Service) error { _, err := s.SignIn(ctx, "ga@example.com", officePassword, from); return err }
		each("a pause", signsIn, func(err error) bool { return RefusedBy(err, Throttled) })
		clock.Advance(pauseAfter(accountPasswords.Number))
		each("after the pause", signsIn, works)

		link := store.ResetLink{TokenHash: fmt.Append(nil, i), UserID: id, CreatedAt: store.At(s.now()), ExpiresAt: store.At(s.now().Add(resetLinkLasts))}
		expired := func(s *Service) error {
			if link.Expired(store.At(s.now())) {
				return store.ErrNotFound
			}
			return nil
		}
		each("a link", expired, works)
		clock.Advance(resetLinkLasts - time.Millisecond)
		each("a link before its end", expired, works)
		clock.Advance(time.Millisecond)
		each("a link at its end", expired, func(err error) bool { return err != nil })
	}
	secret := auth.NewTOTPSecret()
	code, err := totp.GenerateCode(secret, clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	each("a code of an authenticator", func(s *Service) error {
		_, err := transaction(ctx, s, Actor{Source: CLI}, func(tx *Tx) (struct{}, error) {
			_, err := auth.TOTPStep(secret, code, tx.now.Time())
			return struct{}{}, err
		})
		return err
	}, works)
}
