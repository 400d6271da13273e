package account

import (
	"context"
	"strings"
	"unicode/utf8"

	"console/internal/auth"
	"console/store"
)

// Limits of a password in characters. Nothing is cut off, and no kinds of characters are demanded (ASVS 6.2.5, 6.2.8).
const (
	MinPassword = 12
	MaxPassword = 256
)

// refusePassword says why a new password is refused; "" accepts it. It is compared as a whole with what an attacker
// would try first: the person's name and address, and the company's name (ASVS 6.2.11).
func refusePassword(password, company string, user store.User) string {
	switch n := utf8.RuneCountInString(password); {
	case password == "":
		return "Choose a password."
	case !utf8.ValidString(password):
		return "This is not valid text."
	case n < MinPassword:
		return "Use at least 12 characters. Several words in a row are easy to remember."
	case n > MaxPassword:
		return "A password has at most 256 characters."
	}
	local, domain, _ := strings.Cut(user.Email, "@")
	guess := bare(password)
	for _, word := range []string{user.Email, local, domain, user.Name(), user.FirstName, user.LastName, company} {
		if word = bare(word); word != "" && guess == word {
			return "This is easy to guess from the name, the email or the company. Choose something else."
		}
	}
	return ""
}

// bare is what remains of a guess once case, spaces and the usual decorations at the end are ignored.
func bare(text string) string {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ._-", r) {
			return -1
		}
		return r
	}, store.Fold(text))
	return strings.TrimRight(text, "0123456789!?.,;:*#$%&+")
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
