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
// link they were sent ends with this commit, as do the links they made for others (LinksTaken); their API tokens are disabled. along
// says what else is done. Disabling a disabled user changes nothing. It returns Self, Invited,
// LastAdministrator, ChangedPreview, Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) DisableAccess(ctx context.Context, by Actor, userID int64, along Along) (store.User, error) {
	preview := func(v *View) (EndPreview, error) { return v.previewEnd(ctx, userID, permission.UsersUpdate) }
	return changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.User, error) {
		if err := tx.takeOverFrom(ctx, userID, along.TakeOver); err != nil {
			return store.User{}, err
		}
		done, err := tx.disable(ctx, userID)
		if err != nil {
			return store.User{}, err
		}
		if err := tx.announce(ctx, done); err != nil {
			return store.User{}, err
		}
		return done.user, tx.removeAddress(ctx, done.user, along.RemoveFrom)
	})
}

// EnableAccess restores sign-in, neither sessions nor API tokens. Enabling an enabled user changes nothing. It returns
// Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) EnableAccess(ctx context.Context, by Actor, userID int64) (store.User, error) {
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		done, err := tx.enable(ctx, userID)
		if err != nil {
			return store.User{}, err
		}
		return done.user, tx.announce(ctx, done)
	})
}

// disable suspends a person. It tells of nothing where they are disabled already.
func (tx *Tx) disable(ctx context.Context, userID int64) (fact, error) {
	user, err := tx.manageable(ctx, userID, permission.UsersUpdate)
	if err != nil {
		return fact{}, err
	}
	if user.ID == tx.by.UserID {
		return fact{}, Refuse(Self)
	}
	switch user.Status() {
	case store.Invited:
		return fact{}, Refuse(Invited)
	case store.Disabled:
		return fact{user: user}, nil
	}
	before := user
	user.DisabledAt = tx.now
	if err := tx.saveUser(ctx, &user); err != nil {
		return fact{}, err
	}
	if err := tx.endAccess(ctx, user); err != nil {
		return fact{}, err
	}
	if err := tx.disableTokensOf(ctx, user); err != nil {
		return fact{}, err
	}
	return tx.happened(notify.ConditionAccessDisabled, user), tx.recordChange(ctx, actDisableAccess, userObject(before), userObject(user))
}

// enable ends what disable began. It tells of nothing where they are enabled already.
func (tx *Tx) enable(ctx context.Context, userID int64) (fact, error) {
	user, err := tx.manageable(ctx, userID, permission.UsersUpdate)
	if err != nil || user.DisabledAt == 0 {
		return fact{user: user}, err
	}
	before := user
	user.DisabledAt = 0
	if err := tx.saveUser(ctx, &user); err != nil {
		return fact{}, err
	}
	return tx.happened(notify.ConditionAccessEnabled, user), tx.recordChange(ctx, actEnableAccess, userObject(before), userObject(user))
}

// endAccess ends what lets the person in or speaks for them: what endSignIn ends, and the link invitations they made.
func (tx *Tx) endAccess(ctx context.Context, user store.User) error {
	if err := tx.endSignIn(ctx, user); err != nil {
		return err
	}
	_, err := tx.takeLinksOf(ctx, user.ID, nil)
	return err
}

// endSignIn ends what lets the person in: sessions, the links they were sent, and mails that wait with such links.
func (tx *Tx) endSignIn(ctx context.Context, user store.User) error {
	if err := tx.db.DeleteSessionsOfUser(ctx, user.ID); err != nil {
		return err
	}
	if err := tx.db.CancelLinkMails(ctx, user.ID, tx.now, "the person may no longer sign in"); err != nil {
		return err
	}
	if err := tx.db.EndResetLinks(ctx, user.ID, store.LinkRevoked); err != nil {
		return err
	}
	return tx.db.EndSignupLinksOfUser(ctx, user.ID, store.LinkRevoked)
}

// EndPreview is what disabling or deleting somebody does beyond them.
type EndPreview struct {
	User         store.User
	Lost         []TenantSet           // what they may do at present; nothing where they are disabled
	Groups       []store.CoveringGroup // that they are in, automatic ones too: disabled people stay in them
	Sessions     int                   // browsers in which they are signed in
	Personal     []store.Token         // personal tokens of theirs, which are disabled or go with them
	Links        LinksTaken
	Tokens       []EndedToken        // shared ones of theirs, which are disabled
	Integrations []store.Integration // email integrations that contain their address
}

// Digest tells the preview from one of something else. Where they are signed in does not count: they may sign in meanwhile.
func (p EndPreview) Digest() string {
	return digestOf(saidOf(p.User), saidOfSets(p.Lost), saidOfMemberships(p.Groups), saidOfPersonal(p.Personal), p.Links.Digest(),
		saidOfTokens(p.Tokens), saidOfIntegrations(p.Integrations))
}

func saidOfMemberships(groups []store.CoveringGroup) []string {
	said := make([]string, len(groups))
	for i, g := range groups {
		said[i] = fmt.Sprint(g.ID, " ", g.Name, " ", g.Tenants)
	}
	return said
}

func saidOfPersonal(tokens []store.Token) []string {
	said := make([]string, len(tokens))
	for i, t := range tokens {
		said[i] = fmt.Sprint(t.ID, " ", t.Name)
	}
	return said
}

func saidOfIntegrations(integrations []store.Integration) []string {
	said := make([]string, len(integrations))
	for i, integration := range integrations {
		said[i] = fmt.Sprint(integration.ID, " ", integration.Name)
	}
	return said
}

// PreviewDisable returns what disabling a person would do. It refuses with Forbidden (rule "may manage"), Self, Invited or
// DisabledAlready, or returns store.ErrNotFound.
func (s *Service) PreviewDisable(ctx context.Context, by Actor, userID int64) (EndPreview, error) {
	preview, err := read(ctx, s, by, func(v *View) (EndPreview, error) { return v.previewEnd(ctx, userID, permission.UsersUpdate) })
	if err != nil {
		return EndPreview{}, err
	}
	switch preview.User.Status() {
	case store.Invited:
		return EndPreview{}, Refuse(Invited)
	case store.Disabled:
		return EndPreview{}, disabledAlready(preview.User.DisplayName())
	}
	return preview, nil
}

// disabledAlready says of a page that asks whether to disable somebody, or a tenant, that this has been done.
func disabledAlready(name string) error {
	already := Refuse(DisabledAlready)
	already.Words = "The access of " + name + " is disabled already: there is nothing to do."
	return already
}

func (v *View) previewEnd(ctx context.Context, userID int64, needs permission.Permission) (EndPreview, error) {
	user, err := v.manageable(ctx, userID, needs)
	if err != nil {
		return EndPreview{}, err
	}
	if user.ID == v.by.UserID {
		return EndPreview{}, Refuse(Self)
	}
	preview := EndPreview{User: user}
	if err := v.previewOwn(ctx, &preview); err != nil {
		return EndPreview{}, err
	}
	if preview.Links, err = v.previewLinksOf(ctx, user.ID, nil); err != nil {
		return EndPreview{}, err
	}
	if preview.Tokens, err = v.endedTokens(ctx, []int64{user.ID}); err != nil {
		return EndPreview{}, err
	}
	preview.Integrations, err = v.integrationsWith(ctx, user)
	return preview, err
}

// previewOwn adds to a preview what somebody has themselves.
func (v *View) previewOwn(ctx context.Context, preview *EndPreview) error {
	user := preview.User
	if user.DisabledAt == 0 {
		tenants, err := v.db.Tenants(ctx)
		if err != nil {
			return err
		}
		held, err := reachOf(ctx, v.db, user)
		if err != nil {
			return err
		}
		preview.Lost = lost(held, reach{}, tenants)
	}
	var err error
	if preview.Groups, err = v.db.Memberships(ctx, user.ID); err != nil {
		return err
	}
	sessions, err := v.liveSessionsOf(ctx, user.ID)
	if err != nil {
		return err
	}
	preview.Sessions = len(sessions)
	tokens, err := v.db.TokensOf(ctx, user.ID)
	preview.Personal = slices.DeleteFunc(tokens, func(t store.Token) bool { return t.Kind != store.PersonalToken })
	return err
}

// invitedBy returns the people of invitations.
func (v *View) invitedBy(ctx context.Context, invitations []store.Invitation) ([]store.User, error) {
	people := make([]store.User, len(invitations))
	for i, invitation := range invitations {
		var err error
		if people[i], err = v.db.UserByID(ctx, invitation.UserID); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// mailbox is an email integration with its addresses.
type mailbox struct {
	store.Integration
	addresses []string
}

// mailboxes returns the email integrations, where the actor may change them. Those whose settings cannot be opened are
// left out: nothing can be taken out of them.
func (v *View) mailboxes(ctx context.Context) ([]mailbox, error) {
	if !v.by.May(permission.IntegrationsUpdate) {
		return nil, nil
	}
	all, err := v.db.Integrations(ctx)
	if err != nil {
		return nil, err
	}
	var found []mailbox
	for _, integration := range all {
		if integration.Kind != notify.KindEmail {
			continue
		}
		settings, err := v.service.opened(integration)
		if err != nil {
			return nil, err
		}
		if settings != nil {
			found = append(found, mailbox{integration, notify.Recipients(integration.Kind, settings)})
		}
	}
	return found, nil
}

// integrationsWith returns the email integrations that contain a person's address, where the actor may change them.
func (v *View) integrationsWith(ctx context.Context, user store.User) ([]store.Integration, error) {
	all, err := v.mailboxes(ctx)
	var found []store.Integration
	for _, m := range all {
		if slices.ContainsFunc(m.addresses, addressOf(user)) {
			found = append(found, m.Integration)
		}
	}
	return found, err
}

// removeAddress takes a person's address out of email integrations. One that has no other address is switched off.
func (tx *Tx) removeAddress(ctx context.Context, user store.User, integrations []int64) error {
	if len(integrations) == 0 {
		return nil
	}
	if err := tx.requirePermission(permission.IntegrationsUpdate); err != nil {
		return err
	}
	for _, id := range without(integrations, nil) {
		integration, err := tx.db.IntegrationByID(ctx, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && integration.Kind != notify.KindEmail {
			continue
		}
		if err == nil {
			err = tx.removeAddressFrom(ctx, integration, user)
		}
		if err != nil {
			return fmt.Errorf("integration %d: %w", id, err)
		}
	}
	return nil
}

func (tx *Tx) removeAddressFrom(ctx context.Context, integration store.Integration, user store.User) error {
	settings, err := tx.service.opened(integration)
	if err != nil || settings == nil {
		return err
	}
	addresses := notify.Recipients(integration.Kind, settings)
	left := slices.DeleteFunc(slices.Clone(addresses), addressOf(user))
	if len(left) == len(addresses) {
		return nil
	}
	before := integrationObject(integration).withSettings(integration.Kind, settings)
	settings["emails"] = strings.Join(left, "\n")
	integration.Active = integration.Active && len(left) > 0
	if err := tx.saveIntegration(ctx, &integration, settings); err != nil {
		return err
	}
	return tx.recordChange(ctx, actChangeIntegration, before, tx.integrationEntry(integration))
}

// addressOf tells a person's address, however it is written.
func addressOf(user store.User) func(string) bool {
	return func(address string) bool {
		key := input.EmailKey(address)
		return key == user.EmailKey
	}
}
