package account

import (
	"context"
	"strconv"
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

// known is how somebody waits for the hash of their password who is signed in, or holds a link that works: they have places
// of their own, and one hash at a time.
func known(kind string, id int64) auth.Caller {
	name := kind + " " + strconv.FormatInt(id, 10)
	return auth.Caller{Known: true, Party: name, Subject: name}
}

// hashPassword waits for the caller's turn, because each hash takes 19 MiB and a core. still, which may be nil, is asked when it has
// come: whether a hash is wanted yet. It returns auth.ErrBusy when too many wait already.
func (s *Service) hashPassword(ctx context.Context, password string, by auth.Caller, still func() error) (string, error) {
	release, err := s.hasher.Acquire(ctx, by)
	if err != nil {
		return "", err
	}
	defer release()
	if still != nil {
		if err := still(); err != nil {
			return "", err
		}
	}
	return auth.HashPassword(password), nil
}
