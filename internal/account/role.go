package account

import (
	"context"

	"console/internal/permission"
	"console/store"
)

// ChangeInvitedRole gives an invited person another role before they accept; the link stays as it is. The role they have
// changes nothing. It returns
// Invalid, Forbidden (SPEC §5.3 rules 3 and 4), or store.ErrNotFound once the invitation was accepted or revoked.
func (s *Service) ChangeInvitedRole(ctx context.Context, by Actor, invitationID int64, role permission.Role) (store.User, error) {
	if _, known := permission.ParseRole(string(role)); !known {
		return store.User{}, Invalid{"role": "Choose a role."}
	}
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		invitation, user, err := tx.invitation(invitationID)
		if err != nil {
			return store.User{}, err
		}
		if !role.SignsIn() && invitation.ByLink {
			return store.User{}, Invalid{"role": "People with the role Deploy never sign in. Revoke the link and add them with “Add new user”."}
		}
		if role == user.Role {
			return user, nil
		}
		before := user
		if err := tx.changeRole(&user, role, invitation); err != nil {
			return store.User{}, err
		}
		if err := tx.Record("change role", userObject(before), userObject(user)); err != nil {
			return store.User{}, err
		}
		return user, tx.accessChanged(user, []string{roleChange(before.Role, user.Role)})
	})
}

// roleChange is a change of role as messages tell it.
func roleChange(before, after permission.Role) string {
	return "Role: " + before.Label() + " → " + after.Label()
}

// changeRole gives a person another role and moves them from the automatic groups of the old role to those of the new
// one in the same tenants; other groups stay (SPEC §3.4). Global Administrators are in no group; who comes from a
// Global role gets the new one in the main tenant.
func (tx *Tx) changeRole(user *store.User, role permission.Role, invitation store.Invitation) error {
	old := user.Role
	tenants, err := tx.leaveAutomaticGroups(*user, role == permission.GlobalAdmin)
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
		if err := tx.requireGrant(role, tenant); err != nil {
			return err
		}
	}
	user.Role = role
	if err := tx.settle(user, tenants, invitation); err != nil {
		return err
	}
	return tx.UpdateUser(user)
}

// settle puts the person where their new role holds. By link they are in no group before they sign up; the invitation
// remembers the tenant. With the role Deploy there is nothing left to accept.
func (tx *Tx) settle(user *store.User, tenants []int64, invitation store.Invitation) error {
	if user.JoinedAt == 0 {
		invitation.TenantID = tenants[0]
		return tx.db.UpdateInvitation(tx.ctx, invitation)
	}
	for _, tenant := range tenants {
		if err := tx.join(*user, tenant); err != nil {
			return err
		}
	}
	if user.Role.SignsIn() {
		return nil
	}
	user.ActivatedAt = tx.now
	if err := tx.EndAccess(*user); err != nil {
		return err
	}
	return tx.db.DeleteInvitation(tx.ctx, invitation.ID)
}

// leaveAutomaticGroups takes a person out of the automatic groups of their role, or out of all groups, and returns the
// tenants that those covered.
func (tx *Tx) leaveAutomaticGroups(user store.User, all bool) ([]int64, error) {
	memberships, err := tx.db.Memberships(tx.ctx, user.ID)
	if err != nil {
		return nil, err
	}
	var tenants []int64
	for _, m := range memberships {
		own := m.Automatic && m.Role == user.Role
		if own && m.Tenant != 0 {
			tenants = append(tenants, m.Tenant)
		}
		if !own && !all {
			continue
		}
		if err := tx.db.RemoveMember(tx.ctx, m.ID, user.ID); err != nil {
			return nil, err
		}
		if err := tx.db.DeleteEmptyAutomaticGroups(tx.ctx, m.ID); err != nil {
			return nil, err
		}
	}
	return tenants, nil
}
