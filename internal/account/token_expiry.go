package account

import (
	"context"

	"console/internal/notify"
	"console/store"
)

// toldTogether is how many owners are told in one transaction: others must get their turn in between.
const toldTogether = 100

// tellExpiring tells the owners of tokens that expire within three days, each once.
func (s *Service) tellExpiring(ctx context.Context) error {
	for {
		n, err := transaction(ctx, s, Actor{Source: System}, func(tx *Tx) (int, error) { return tx.tellSomeExpiring(ctx) })
		if err != nil || n < toldTogether {
			return err
		}
	}
}

// tellSomeExpiring tells the next owners, and returns of how many tokens.
func (tx *Tx) tellSomeExpiring(ctx context.Context) (int, error) {
	tokens, err := tx.db.ExpiringTokens(ctx, tx.now, tx.now.Add(tellExpiry), toldTogether)
	if err != nil || len(tokens) == 0 {
		return 0, err
	}
	account, err := tx.db.Account(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range tokens {
		owner, err := tx.db.UserByID(ctx, t.OwnerID)
		if err != nil {
			return 0, err
		}
		t.ExpiryTold = true
		if err := tx.db.UpdateToken(ctx, t); err != nil {
			return 0, err
		}
		if owner.Status() != store.Active {
			continue
		}
		expires := notify.TokenExpires{Company: account.Name, Name: owner.Name(), Email: owner.Email, ID: t.ID, Token: t.Name,
			Shared: t.Kind == store.SharedToken, ExpiresAt: int64(t.ExpiresAt), Renews: owner.Role.MakesTokens()}
		if _, err := tx.mail(ctx, owner, notify.TemplateTokenExpires, expires, ""); err != nil {
			return 0, err
		}
	}
	return len(tokens), nil
}
