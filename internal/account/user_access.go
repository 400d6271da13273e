package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// DisableAccess suspends the user: sign-in is refused, and every session and half-finished sign-in of theirs and every
// link they were sent ends with this commit, as do the link invitations they made. Their address is taken out of the
// email integrations named. Disabling a disabled user changes nothing. It returns ErrSelf, ErrInvited,
// ErrLastAdministrator, Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) DisableAccess(ctx context.Context, by Actor, userID int64, removeFrom ...int64) (store.User, error) {
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		user, err := tx.disable(userID)
		if err != nil {
			return store.User{}, err
		}
		return user, tx.removeAddress(user, removeFrom)
	})
}

// EnableAccess restores sign-in, not sessions. Enabling an enabled user changes nothing. It returns Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) EnableAccess(ctx context.Context, by Actor, userID int64) (store.User, error) {
	return change(ctx, s, by, func(tx *Tx) (store.User, error) { return tx.enable(userID) })
}

// DeleteUser removes the user for good, with all that depends on them; the activity log keeps their name. typed is the
// address that confirms it. Their address is taken out of the email integrations named. It returns Invalid, ErrSelf,
// ErrLastAdministrator, Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) DeleteUser(ctx context.Context, by Actor, userID int64, typed string, removeFrom ...int64) (store.User, error) {
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		user, err := tx.Manageable(userID, permission.UsersDelete)
		if err != nil {
			return store.User{}, err
		}
		if key := input.EmailKey(typed); key != user.EmailKey {
			return store.User{}, Invalid{"confirm_email": "Type " + user.Email + " to confirm."}
		}
		if err := tx.removeAddress(user, removeFrom); err != nil {
			return store.User{}, err
		}
		return tx.delete(userID)
	})
}

func (tx *Tx) disable(userID int64) (store.User, error) {
	user, err := tx.Manageable(userID, permission.UsersUpdate)
	if err != nil {
		return store.User{}, err
	}
	if user.ID == tx.by.UserID {
		return store.User{}, ErrSelf
	}
	switch user.Status() {
	case store.Invited:
		return store.User{}, ErrInvited
	case store.Disabled:
		return user, nil
	}
	before := user
	user.DisabledAt = tx.now
	if err := tx.UpdateUser(&user); err != nil {
		return store.User{}, err
	}
	if err := tx.EndAccess(user); err != nil {
		return store.User{}, err
	}
	if err := tx.Record("disable access", userObject(before), userObject(user)); err != nil {
		return store.User{}, err
	}
	return user, tx.accessDisabled(user)
}

func (tx *Tx) enable(userID int64) (store.User, error) {
	user, err := tx.Manageable(userID, permission.UsersUpdate)
	if err != nil || user.DisabledAt == 0 {
		return user, err
	}
	before := user
	user.DisabledAt = 0
	if err := tx.UpdateUser(&user); err != nil {
		return store.User{}, err
	}
	if err := tx.Record("enable access", userObject(before), userObject(user)); err != nil {
		return store.User{}, err
	}
	return user, tx.accessEnabled(user)
}

func (tx *Tx) delete(userID int64) (store.User, error) {
	user, err := tx.Manageable(userID, permission.UsersDelete)
	if err != nil {
		return store.User{}, err
	}
	if user.ID == tx.by.UserID {
		return store.User{}, ErrSelf
	}
	if err := tx.EndAccess(user); err != nil {
		return store.User{}, err
	}
	if err := tx.deleteUser(user); err != nil {
		return store.User{}, err
	}
	return user, tx.record("delete user", Done, userObject(user), nil)
}

// EndAccess ends what lets the person in or speaks for them: sessions, the links they were sent, mails that wait with
// such links, and the link invitations they made.
func (tx *Tx) EndAccess(user store.User) error {
	if err := tx.db.DeleteSessionsOfUser(tx.ctx, user.ID); err != nil {
		return err
	}
	if err := tx.db.CancelMails(tx.ctx, user.ID, tx.now, "the person may no longer sign in"); err != nil {
		return err
	}
	if err := tx.db.EndResetLinks(tx.ctx, user.ID, store.LinkRevoked); err != nil {
		return err
	}
	if err := tx.db.EndSignupLinksOfUser(tx.ctx, user.ID, store.LinkRevoked); err != nil {
		return err
	}
	return tx.takeLinksOf(user.ID, nil)
}

// EndPreview is what disabling or deleting somebody does beyond them.
type EndPreview struct {
	User         store.User
	Links        []store.User        // invited by links they made, which are revoked
	Integrations []store.Integration // email integrations that contain their address
}

// EndPreview returns what disabling (users.update) or deleting (users.delete) a person would do. It returns
// Forbidden (rule "may manage"), ErrSelf or store.ErrNotFound.
func (s *Service) EndPreview(ctx context.Context, by Actor, userID int64, needs permission.Permission) (EndPreview, error) {
	return change(ctx, s, by, func(tx *Tx) (EndPreview, error) {
		user, err := tx.Manageable(userID, needs)
		if err != nil {
			return EndPreview{}, err
		}
		if user.ID == by.UserID {
			return EndPreview{}, ErrSelf
		}
		c := EndPreview{User: user}
		made, err := tx.db.LinkInvitationsBy(ctx, user.ID)
		if err != nil {
			return EndPreview{}, err
		}
		for _, invitation := range made {
			invited, err := tx.db.UserByID(ctx, invitation.UserID)
			if err != nil {
				return EndPreview{}, err
			}
			c.Links = append(c.Links, invited)
		}
		c.Integrations, err = tx.integrationsWith(user)
		return c, err
	})
}

// mailbox is an email integration with its addresses.
type mailbox struct {
	store.Integration
	addresses []string
}

// mailboxes returns the email integrations, where the actor may change them.
func (s *Service) mailboxes(ctx context.Context, q store.Queries, by Actor) ([]mailbox, error) {
	if !by.May(permission.IntegrationsUpdate) {
		return nil, nil
	}
	all, err := q.Integrations(ctx)
	if err != nil {
		return nil, err
	}
	var found []mailbox
	for _, integration := range all {
		if integration.Kind != notify.KindEmail {
			continue
		}
		settings, err := notify.OpenSettings(s.key, integration.ID, integration.Settings)
		if err != nil {
			return nil, err
		}
		found = append(found, mailbox{integration, recipients(integration.Kind, settings)})
	}
	return found, nil
}

// integrationsWith returns the email integrations that contain a person's address, where the actor may change them.
func (tx *Tx) integrationsWith(user store.User) ([]store.Integration, error) {
	all, err := tx.service.mailboxes(tx.ctx, tx.db.Queries, tx.by)
	var found []store.Integration
	for _, m := range all {
		if slices.ContainsFunc(m.addresses, addressOf(user)) {
			found = append(found, m.Integration)
		}
	}
	return found, err
}

// removeAddress takes a person's address out of email integrations. One that has no other address is switched off.
func (tx *Tx) removeAddress(user store.User, integrations []int64) error {
	if len(integrations) == 0 {
		return nil
	}
	if err := tx.require(permission.IntegrationsUpdate); err != nil {
		return err
	}
	for _, id := range without(integrations, nil) {
		integration, err := tx.db.IntegrationByID(tx.ctx, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && integration.Kind != notify.KindEmail {
			continue
		}
		if err == nil {
			err = tx.removeAddressFrom(integration, user)
		}
		if err != nil {
			return fmt.Errorf("integration %d: %w", id, err)
		}
	}
	return nil
}

func (tx *Tx) removeAddressFrom(integration store.Integration, user store.User) error {
	settings, err := notify.OpenSettings(tx.service.key, integration.ID, integration.Settings)
	if err != nil {
		return err
	}
	addresses := recipients(integration.Kind, settings)
	left := slices.DeleteFunc(slices.Clone(addresses), addressOf(user))
	if len(left) == len(addresses) {
		return nil
	}
	settings["emails"] = strings.Join(left, "\n")
	integration.Active = integration.Active && len(left) > 0
	if err := tx.saveIntegration(&integration, settings); err != nil {
		return err
	}
	return tx.record("change integration", Done, integrationObject(integration), map[string][2]string{"emails": {user.Email, ""}})
}

// addressOf tells a person's address, however it is written.
func addressOf(user store.User) func(string) bool {
	return func(address string) bool {
		key := input.EmailKey(address)
		return key == user.EmailKey
	}
}
