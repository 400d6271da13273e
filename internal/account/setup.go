package account

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/google/uuid"

	"console/internal/auth"
	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// Timeouts a new account starts with.
const (
	DefaultIdleTimeout     = 30 * time.Minute
	DefaultAbsoluteTimeout = 12 * time.Hour
)

// Setup is what the first run asks for.
type Setup struct {
	Company, Cloud, FirstName, LastName, Email, Password string
}

// IsSetUp reports whether the account exists.
func (s *Service) IsSetUp(ctx context.Context) (bool, error) {
	if s.setUp.Load() {
		return true, nil
	}
	_, err := s.db.MainTenant(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		s.setUp.Store(true)
	}
	return err == nil, err
}

// SetupCode returns the code that whoever sets up the account has to know, from the log. It is the same in all processes that serve the
// database, over restarts too, and another one for each account. It returns AlreadySetUp where there is an account.
func (s *Service) SetupCode(ctx context.Context) (string, error) {
	nonce, err := s.db.SetupNonce(ctx)
	if errors.Is(err, store.ErrNotFound) {
		nonce, err = transaction(ctx, s, Actor{Source: System}, func(tx *Tx) ([]byte, error) { return tx.setupNonce(ctx) })
	}
	if err != nil {
		return "", err
	}
	return auth.CodeOf(s.key.Derive(auth.SetUpCode), nonce), nil
}

// setupNonce makes the value that the set-up code is made of, unless another process has.
func (tx *Tx) setupNonce(ctx context.Context) ([]byte, error) {
	nonce, err := tx.db.SetupNonce(ctx)
	if !errors.Is(err, store.ErrNotFound) {
		return nonce, err
	}
	_, err = tx.db.Account(ctx)
	if err == nil {
		return nil, Refuse(AlreadySetUp)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	nonce = make([]byte, auth.KeyBytes)
	rand.Read(nonce) // never fails (Go 1.24)
	return nonce, tx.db.InsertSetupNonce(ctx, nonce)
}

// SetUp creates the account, its main tenant and its first Global Administrator, who can sign in at once. It returns
// Invalid, or AlreadySetUp when there is an account already.
func (s *Service) SetUp(ctx context.Context, by Actor, in Setup) (store.User, error) {
	refused := Fields{}
	in.Company = input.ParseTitle(in.Company, "company", "the name of the company", refused)
	in.Cloud = input.ParseTitle(in.Cloud, "cloud", "the cloud label, for example EU", refused)
	user := store.User{UUID: uuid.NewString(), Role: permission.GlobalAdmin}
	user.FirstName, user.LastName = input.ParseNames(in.FirstName, in.LastName, refused)
	if user.FirstName == "" {
		refused["first_name"] = "Enter your first name."
	}
	var reason string
	if user.Email, user.EmailKey, reason = input.ParseEmail(in.Email); reason != "" {
		refused["email"] = reason
	}
	if reason := s.refusePassword(in.Password, in.Company, DefaultMinPassword, user); reason != "" {
		refused["password"] = reason
	}
	if len(refused) > 0 {
		return store.User{}, refused.Refusal()
	}
	hash, err := s.hashPassword(ctx, in.Password, known("set-up", 1), nil)
	if err != nil {
		return store.User{}, err
	}
	user.PasswordHash = hash
	return transaction(ctx, s, by, func(tx *Tx) (store.User, error) {
		account := store.Account{
			Name:            in.Company,
			Cloud:           in.Cloud,
			IdleTimeout:     DefaultIdleTimeout,
			AbsoluteTimeout: DefaultAbsoluteTimeout,
			CreatedAt:       tx.now,
		}
		if err := tx.db.InsertAccount(ctx, account); err != nil {
			if errors.Is(err, store.ErrDuplicate) {
				err = Refuse(AlreadySetUp)
			}
			return store.User{}, err
		}
		if err := tx.db.DeleteSetupNonce(ctx); err != nil {
			return store.User{}, err
		}
		tenant := store.Tenant{UUID: uuid.NewString(), Name: in.Company, Main: true, CreatedAt: tx.now}
		if err := tx.db.InsertTenant(ctx, &tenant); err != nil {
			return store.User{}, err
		}
		user.CreatedAt, user.JoinedAt, user.ActivatedAt = tx.now, tx.now, tx.now
		if err := tx.db.InsertUser(ctx, &user); err != nil {
			return store.User{}, err
		}
		tx.by.UserID, tx.by.Name, tx.by.Email = user.ID, user.Name(), user.Email
		return user, tx.recordChange(ctx, actSetUp, object{}, userObject(user))
	})
}
