package account

import (
	"math/rand/v2"
	"strings"
	"testing"

	"console/internal/auth"
	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// letters are letters of four bytes each, in no order: what does not compress is as long in an index as it is.
func letters(n int) string {
	var b strings.Builder
	for range n {
		b.WriteRune(rune(0x20000 + rand.IntN(0x2A000-0x20000)))
	}
	return b.String()
}

// The longest values that are accepted can be saved and found: entries of PostgreSQL's indexes have 2,704 bytes at most.
func TestPG13_TheLongestValuesAreSavedAndFound(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.hasher = auth.NewHasher(Queue(1))
	label := strings.Repeat("d", 60)
	email := letters(64) + "@" + strings.Join([]string{label, label, label, "examp"}, ".") // 253 characters
	by := c.program()
	by.Once = Once{Key: letters(63), Fingerprint: []byte("a"), Makes: objectUser} // of 255 bytes at most
	user, err := c.AddUser(ctx, by, NewUser{Role: permission.Analyst, FirstName: letters(127), LastName: letters(127), Email: email, TenantID: 1})
	c.must(err)
	group := c.group(GroupInput{Name: letters(input.MaxTitle), Role: permission.Analyst, Tenants: []int64{1}})
	c.must(c.db.Update(ctx, func(tx *store.Tx) error { _, err := tx.AddMember(ctx, group.ID, user.ID); return err }))
	_, err = c.CreateToken(ctx, c.admin, TokenInput{Name: letters(input.MaxTitle), Kind: store.PersonalToken, AsHeld: true})
	c.must(err)
	_, err = c.CreateTenant(ctx, c.admin, letters(input.MaxTitle), NewUser{})
	c.must(err)
	for _, tried := range []string{email, letters(64) + email[64*4:]} { // hers, and nobody's
		from := Client{Address: "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", UserAgent: letters(125), RequestID: letters(16)}
		if _, err := c.SignIn(ctx, tried, "wrong", from); !RefusedBy(err, WrongSignIn) {
			t.Error(err)
		}
		c.must(c.RequestPasswordReset(ctx, tried, from))
		_, err := c.answerNextRequest(ctx)
		c.must(err)
	}
	signedUp, err := transaction(ctx, c.Service, Actor{}, func(tx *Tx) (store.User, error) {
		if err := tx.acceptFor(ctx, user); err != nil {
			return store.User{}, err
		}
		return tx.db.UserByID(ctx, user.ID)
	})
	c.must(err)
	if _, err := c.SignIn(ctx, email, "wrong", Client{Address: "192.0.2.1"}); !RefusedBy(err, WrongSignIn) {
		t.Error(err)
	}
	for _, search := range []string{signedUp.FirstName, user.LastName, user.Email} {
		for _, sort := range []store.Sort{store.SortName, store.SortRole, store.SortEmail, store.SortLastAuth} {
			list, err := c.Users(ctx, c.admin, UserQuery{Tab: store.TabAll, Sort: sort, Search: search})
			if err != nil || len(list.Rows) != 1 || list.Rows[0].ID != user.ID {
				t.Errorf("%d people are found, %v", len(list.Rows), err)
			}
		}
	}
	if _, err := c.db.UserByEmailKey(ctx, input.EmailKey(email)); err != nil {
		t.Error(err)
	}
	if named, err := c.db.GroupNamed(ctx, group.Name, 0); err != nil || !named {
		t.Errorf("the group is not found by its name: %v", err)
	}
}

func TestTheLongestNamesFitIntoAQRCode(t *testing.T) {
	t.Parallel()
	long := &Service{brand: letters(input.MaxTitle), site: strings.Repeat("h", input.MaxDomain) + "/console"}
	replaced := store.Authenticator{Secret: []byte("sealed"), PendingAt: 1}
	label := long.labelOf(replaced, letters(64)+"@"+strings.Repeat("d", 189), letters(input.MaxTitle))
	if picture, err := auth.QRCode(shorten(long.brand, maxInLabel), label, auth.NewTOTPSecret()); err != nil || picture == "" {
		t.Error(err)
	}
}
