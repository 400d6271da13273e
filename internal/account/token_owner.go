package account

import (
	"context"
	"errors"
	"fmt"

	"console/internal/permission"
	"console/store"
)

// Along is what somebody chooses to do with what a person leaves behind whose access ends.
type Along struct {
	RemoveFrom []int64 // email integrations that lose their address
	TakeOver   []int64 // shared tokens of theirs that become the actor's, with the value they have
}

// EndedToken is a shared token that is disabled with its owner's access, unless it is taken over.
type EndedToken struct {
	store.Token
	Takeable bool // the actor may take it over
}

func saidOfTokens(tokens []EndedToken) []string {
	said := make([]string, len(tokens))
	for i, t := range tokens {
		said[i] = fmt.Sprint(t.ID, " ", t.Name)
	}
	return said
}

// endedTokens returns the shared tokens of people that would be disabled with them.
func (v *View) endedTokens(ctx context.Context, owners []int64) ([]EndedToken, error) {
	tokens, err := v.db.SharedTokensOf(ctx, owners)
	if err != nil {
		return nil, err
	}
	ended := make([]EndedToken, len(tokens))
	for i, t := range tokens {
		err := v.mayTakeOver(ctx, t)
		if err != nil && AsRefusal(err) == nil {
			return nil, err
		}
		ended[i] = EndedToken{t, err == nil}
	}
	return ended, nil
}

// takeOverFrom makes the actor the owner of those tokens that are shared ones of a person; whoever knows their values goes on.
func (tx *Tx) takeOverFrom(ctx context.Context, userID int64, tokens []int64) error {
	for _, id := range without(tokens, nil) {
		token, err := tx.db.TokenByID(ctx, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && (token.OwnerID != userID || token.Kind != store.SharedToken) {
			continue
		}
		if err == nil {
			_, err = tx.takeOver(ctx, token, true)
		}
		if err != nil {
			return fmt.Errorf("token %d: %w", id, err)
		}
	}
	return nil
}

// disableTokensOf disables all tokens of a person whose access is disabled. To enable the person does not enable them.
func (tx *Tx) disableTokensOf(ctx context.Context, user store.User) error {
	tokens, err := tx.db.TokensOf(ctx, user.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.DisabledAt != 0 {
			continue
		}
		if err := tx.switchOffToken(ctx, &t, store.TokenOwnerDisabled); err != nil {
			return err
		}
	}
	return nil
}

// leaveTokens does with the tokens of a person who is deleted what that means: personal ones go, shared ones are disabled until
// somebody takes them over.
func (tx *Tx) leaveTokens(ctx context.Context, user store.User) error {
	tokens, err := tx.db.TokensOf(ctx, user.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.Kind == store.PersonalToken {
			err = tx.eraseToken(ctx, t)
		} else {
			err = tx.saveToken(ctx, &t, actDisableToken, func() {
				if t.DisabledAt == 0 {
					t.DisabledAt = tx.now
				}
				t.OwnerID, t.FormerOwner, t.DisabledWhy = 0, person(user), store.TokenOwnerDeleted
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// previewTokens adds the shared tokens of chosen people to the preview of a bulk action. It looks at those who own any: they are
// few, however many are chosen.
func (v *View) previewTokens(ctx context.Context, chosen func(id int64) bool, preview *BulkPreview) error {
	owners, err := v.db.SharedTokenOwners(ctx)
	if err != nil {
		return err
	}
	var theirs []int64
	for id := range owners {
		if chosen(id) {
			theirs = append(theirs, id)
		}
	}
	preview.tokens, err = v.endedTokens(ctx, theirs)
	preview.Tokens = len(preview.tokens)
	preview.FirstTokens = preview.tokens[:min(NamedFirst, preview.Tokens)]
	return err
}

// requireTakeOver refuses who may take over no token at all, before a job begins that would do so.
func (v *View) requireTakeOver(along Along) error {
	if len(along.TakeOver) == 0 {
		return nil
	}
	return v.requirePermission(permission.TokensUpdate)
}
