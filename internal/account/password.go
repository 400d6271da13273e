package account

import (
	"context"
	"strings"

	"console/internal/auth"
	"console/internal/input"
	"console/store"
)

// DefaultMinPassword is how many characters a password needs in a new account; the account's settings say what holds.
const DefaultMinPassword = 12

// refusePassword says why a new password of a person is refused; "" accepts it. minLength is that of the account.
func (s *Service) refusePassword(password, company string, minLength int, user store.User) string {
	local, domain, _ := strings.Cut(user.Email, "@")
	return input.RefusePassword(password, minLength, user.Email, local, domain, user.Name(), user.FirstName, user.LastName, company, s.brand)
}

// hashPassword waits for its turn, because each hash takes 19 MiB and a core. It returns auth.ErrBusy when too many
// wait already.
func (s *Service) hashPassword(ctx context.Context, password string) (string, error) {
	release, err := s.hasher.Acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return auth.HashPassword(password), nil
}
