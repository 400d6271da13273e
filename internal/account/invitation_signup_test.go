package account

import (
	"context"
	"fmt"
	"testing"

	"console/internal/permission"
	"console/store/storetest"
)

// interrupted is a context under which something else happens just before its nth statement.
type interrupted struct {
	context.Context
	statements *int
	nth        int
	by         func()
}

func (i interrupted) Err() error {
	*i.statements++
	if *i.statements == i.nth {
		i.by()
	}
	return i.Context.Err()
}

func TestSignupLinksThatEndMeanwhileSaySo(t *testing.T) {
	t.Parallel()
	if storetest.OnPostgres() {
		t.Skip("its driver asks the context too, by which statements are counted")
	}
	c := newCompany(t)
	ctx := t.Context()
	for reason, end := range map[Code]func(Issued) error{
		LinkRevoked: func(i Issued) error { _, err := c.RevokeInvitation(ctx, c.admin, i.Invitation.ID); return err },
		LinkUsed: func(i Issued) error {
			_, err := transaction(ctx, c.Service, Actor{}, func(tx *Tx) (struct{}, error) {
				offer, err := readSignup(ctx, tx.View.db, i.Token, tx.now)
				if err == nil {
					_, err = tx.accept(ctx, offer, offer.User, Client{})
				}
				return struct{}{}, err
			})
			return err
		},
	} {
		for nth := 1; nth <= 3; nth++ { // the link, its invitation, its person
			issued, err := c.InviteByLink(
				ctx,
				c.admin,
				NewUser{Role: permission.Analyst, Email: fmt.Sprint(nth, reason, "@example.com"), TenantID: 1, Duration: "1d"},
			)
			c.must(err)
			_, err = c.Signup(interrupted{ctx, new(int), nth, func() { c.must(end(issued)) }}, issued.Token, Client{})
			if !RefusedBy(err, reason) {
				t.Errorf("%s before statement %d: %v", reason, nth, err)
			}
		}
	}
}
