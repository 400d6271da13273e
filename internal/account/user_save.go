package account

import (
	"context"

	"console/store"
)

// saveUser stores the person. It returns store.ErrStale when somebody else has changed them since they were read, and
// refuses with LastAdministrator rather than leave the account without a Global Administrator who can sign in.
func (tx *Tx) saveUser(ctx context.Context, user *store.User) error {
	if err := tx.db.UpdateUser(ctx, user); err != nil {
		return err
	}
	return tx.keepAdministrator(ctx)
}

// keepAdministrator is the rule "last administrator".
func (v *View) keepAdministrator(ctx context.Context) error {
	n, err := v.db.UsableGlobalAdministrators(ctx)
	if err == nil && n == 0 {
		return Refuse(LastAdministrator)
	}
	return err
}

// removeUser takes a person out of the database, with their personal tokens and the automatic groups they were the last member of.
func (tx *Tx) removeUser(ctx context.Context, user store.User) error {
	memberships, err := tx.db.Memberships(ctx, user.ID)
	if err != nil {
		return err
	}
	if err := tx.leaveTokens(ctx, user); err != nil {
		return err
	}
	if err := tx.db.DeleteUser(ctx, user.ID); err != nil {
		return err
	}
	for _, m := range memberships {
		if err := tx.db.DeleteEmptyAutomaticGroups(ctx, m.ID); err != nil {
			return err
		}
	}
	return tx.keepAdministrator(ctx)
}
