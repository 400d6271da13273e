package account

import (
	"context"
	"errors"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// ChangeInvitedRole gives an invited person another role before they accept. The link stays as it is, unless somebody made
// it who could not give this role: then it ends, and the invitation is mailed anew or takes a new link. The role they have
// changes nothing. It returns Invalid, ChangedPreview, Forbidden (rules "may grant" and "may manage"), or store.ErrNotFound once
// the invitation was accepted or revoked.
func (s *Service) ChangeInvitedRole(ctx context.Context, by Actor, invitationID int64, role permission.Role) (store.User, error) {
	return change(ctx, s, by, func(tx *Tx) (store.User, error) { return tx.promiseRole(ctx, invitationID, role) })
}

func (tx *Tx) promiseRole(ctx context.Context, invitationID int64, role permission.Role) (store.User, error) {
	if _, known := permission.ParseRole(string(role)); !known {
		return store.User{}, invalid("role", "Choose a role.")
	}
	invitation, user, err := tx.pendingInvitation(ctx, invitationID, permission.UsersUpdate)
	if err == nil {
		err = tx.requireConfirmed(Pending{invitation, user})
	}
	if err != nil || role == user.Role {
		return user, err
	}
	old := user.Role
	before, err := tx.membership(ctx, user)
	if err != nil {
		return store.User{}, err
	}
	if err := tx.changeRole(ctx, &user, role); err != nil {
		return store.User{}, err
	}
	if err := tx.storeMembership(ctx, &user); err != nil {
		return store.User{}, err
	}
	if _, err := tx.reviewLinks(ctx, user); err != nil {
		return store.User{}, err
	}
	after, err := tx.membership(ctx, user)
	if err != nil {
		return store.User{}, err
	}
	if err := tx.recordChange(ctx, actChangeRole, before.object, after.object); err != nil {
		return store.User{}, err
	}
	return user, tx.announce(ctx, tx.happened(notify.ConditionMembershipChanged, user, roleChange(old, user.Role)))
}

// roleChange is a change of role as messages tell it.
func roleChange(before, after permission.Role) string {
	return "Role: " + before.Label() + " → " + after.Label()
}

// changeRole gives a person another role and moves them from the automatic groups of the old role to those of the new
// one in the same tenants; other groups stay. Global Administrators are in no group; who comes from a
// Global role gets the new one in the main tenant. The caller stores the person.
func (tx *Tx) changeRole(ctx context.Context, user *store.User, role permission.Role) error {
	invitation, err := tx.db.InvitationOfUser(ctx, user.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if !role.SignsIn() && invitation.ByLink {
		return invalid("role", "People with the role Deploy never sign in. Revoke the link and add them as users.")
	}
	old := user.Role
	tenants, err := tx.leaveAutomaticGroups(ctx, *user, role == permission.GlobalAdmin)
	if err != nil {
		return err
	}
	switch {
	case role.Global():
		tenants = []int64{0}
	case old.Global():
		tenants = []int64{tx.by.Main}
	case user.JoinedAt == 0:
		tenants = []int64{invitation.TenantID}
	}
	for _, tenant := range tenants {
		if err := tx.requireGrant(ctx, role, tenant); err != nil {
			return err
		}
	}
	user.Role = role
	if user.JoinedAt == 0 { // in no group before they sign up; the invitation remembers the tenant
		invitation.TenantID = tenants[0]
		return tx.db.UpdateInvitation(ctx, invitation)
	}
	for _, tenant := range tenants {
		if err := tx.join(ctx, *user, tenant); err != nil {
			return err
		}
	}
	return tx.adaptSignIn(ctx, user, old, invitation)
}

// adaptSignIn does what a change from or to a role that never signs in means. With the role Deploy there is nothing left to
// sign in with, or to accept; who leaves it is invited.
func (tx *Tx) adaptSignIn(ctx context.Context, user *store.User, old permission.Role, invitation store.Invitation) error {
	switch {
	case old.SignsIn() && !user.Role.SignsIn():
		user.PasswordHash, user.PasswordInitial = "", false
		if user.ActivatedAt == 0 {
			user.ActivatedAt = tx.now
		}
		if err := tx.endSignIn(ctx, *user); err != nil { // the invitations they made are reviewed with the change of their role
			return err
		}
		if invitation.ID == 0 {
			return nil
		}
		return tx.db.DeleteInvitation(ctx, invitation.ID)
	case !old.SignsIn() && user.Role.SignsIn():
		user.ActivatedAt = 0
		invitation = tx.newInvitation(*user, store.Invitation{Duration: MailInvitationLasts})
		if user.DisabledAt != 0 { // a link would lead nowhere; it can be sent once access is enabled
			return tx.db.InsertInvitation(ctx, &invitation)
		}
		return tx.mailInvitation(ctx, *user, &invitation)
	}
	return nil
}

// leaveAutomaticGroups takes a person out of the automatic groups of their role, or out of all groups, and returns the
// tenants that those covered.
func (tx *Tx) leaveAutomaticGroups(ctx context.Context, user store.User, all bool) ([]int64, error) {
	memberships, err := tx.db.Memberships(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	var tenants []int64
	for _, m := range memberships {
		own := m.Automatic && m.Role == user.Role
		if own {
			tenants = append(tenants, m.Tenants...)
		}
		if !own && !all {
			continue
		}
		if err := tx.leave(ctx, m.ID, user.ID); err != nil {
			return nil, err
		}
	}
	return tenants, nil
}

// leave takes a person out of a group. An automatic one disappears with its last member.
func (tx *Tx) leave(ctx context.Context, groupID, userID int64) error {
	if _, err := tx.db.RemoveMember(ctx, groupID, userID); err != nil {
		return err
	}
	return tx.db.DeleteEmptyAutomaticGroups(ctx, groupID)
}

// labelOnly says whether a person's role is only a label: they are in no automatic group of it.
func (v *View) labelOnly(ctx context.Context, user store.User) (bool, error) {
	if user.Role == permission.GlobalAdmin || user.JoinedAt == 0 {
		return false, nil
	}
	memberships, err := v.db.Memberships(ctx, user.ID)
	for _, m := range memberships {
		if m.Automatic && m.Role == user.Role {
			return false, err
		}
	}
	return true, err
}
