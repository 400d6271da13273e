package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// Membership is what the Groups… dialog of a person says.
type Membership struct {
	Version    int64
	Role       permission.Role // empty: stays
	Groups     []int64         // all that the person is to be in
	KeepGroups bool            // Groups says nothing
	Automatic  int64           // id of a tenant: they come into the automatic group of their role there, too; 0: no matter
}

// UserGroups is a person with the groups they are in, for the dialog that changes them.
type UserGroups struct {
	User   store.User
	Groups []store.CoveringGroup
	Offer  []store.Group // automatic groups of their role that they may come back into
}

// Has reports whether the group is among those that the person is in or may come back into.
func (u UserGroups) Has(groupID int64) bool {
	return slices.ContainsFunc(u.Groups, func(m store.CoveringGroup) bool { return m.ID == groupID }) ||
		slices.ContainsFunc(u.Offer, func(g store.Group) bool { return g.ID == groupID })
}

// Memberships returns the groups that the actor is in.
func (s *Service) Memberships(ctx context.Context, by Actor) ([]store.CoveringGroup, error) {
	return s.db.Memberships(ctx, by.UserID)
}

// UserGroups returns the groups of a person whom the actor may manage. It returns Forbidden (rule "may manage") or
// store.ErrNotFound.
func (s *Service) UserGroups(ctx context.Context, by Actor, userID int64) (UserGroups, error) {
	return read(ctx, s, by, func(v *View) (UserGroups, error) {
		user, err := v.manageable(ctx, userID, permission.GroupsUpdate)
		if err != nil {
			return UserGroups{}, err
		}
		page := UserGroups{User: user}
		if page.Groups, err = v.db.Memberships(ctx, userID); err != nil {
			return UserGroups{}, err
		}
		automatic, err := v.db.AutomaticGroupsOf(ctx, user.Role, 0)
		for _, g := range automatic {
			if !slices.ContainsFunc(page.Groups, func(m store.CoveringGroup) bool { return m.ID == g.ID }) {
				page.Offer = append(page.Offer, g)
			}
		}
		return page, err
	})
}

// SetMembership changes the role of a person and the groups they are in, who still are as they were at Version. With another
// role they move from the automatic groups of the old role to those of the new one. Link invitations they made
// and could not make now are revoked. It returns Invalid, ChangedPreview, Forbidden (rules "may grant" and "may manage"),
// LastAdministrator, store.ErrStale or store.ErrNotFound.
func (s *Service) SetMembership(ctx context.Context, by Actor, userID int64, in Membership) (store.User, error) {
	if err := requireVersion(in.Version); err != nil {
		return store.User{}, err
	}
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		preview, changed, err := tx.rehearsedMembership(ctx, userID, in)
		if err != nil {
			return store.User{}, err
		}
		if err := tx.requireConfirmed(preview); err != nil {
			return store.User{}, err
		}
		return changed.fact.user, tx.announce(ctx, changed.fact)
	})
}

// PreviewMembership says what SetMembership would do. Nothing is changed. It returns what SetMembership returns.
func (s *Service) PreviewMembership(ctx context.Context, by Actor, userID int64, in Membership) (Preview, error) {
	return rehearse(ctx, s, by, func(tx *Tx) (Preview, error) {
		preview, changed, err := tx.rehearsedMembership(ctx, userID, in)
		preview.LabelOnly = changed.fact.user.ByGroups
		return preview, err
	})
}

// rehearsedMembership changes the role and groups of a person, and says what that has taken away.
func (tx *Tx) rehearsedMembership(ctx context.Context, userID int64, in Membership) (preview Preview, changed moved, err error) {
	preview, err = tx.previewOn(ctx, []int64{userID}, func() (LinksTaken, error) {
		changed, err = tx.changeMembership(ctx, userID, in)
		return changed.taken, err
	})
	return preview, changed, err
}

func (tx *Tx) changeMembership(ctx context.Context, userID int64, in Membership) (moved, error) {
	user, err := tx.manageable(ctx, userID, permission.GroupsUpdate)
	if err != nil {
		return moved{}, err
	}
	before, err := tx.membership(ctx, user)
	if err != nil {
		return moved{}, err
	}
	user.Version = in.Version
	role := user.Role
	if in.Role != "" && in.Role != role {
		if err := tx.requirePermission(permission.UsersUpdate); err != nil {
			return moved{}, err
		}
		if _, known := permission.ParseRole(string(in.Role)); !known {
			return moved{}, invalid("role", "Choose a role.")
		}
		role = in.Role
	}
	joins, err := tx.leaveOthers(ctx, user, role, in)
	if err != nil {
		return moved{}, err
	}
	if role != user.Role {
		if err := tx.changeRole(ctx, &user, role); err != nil {
			return moved{}, err
		}
	}
	for _, id := range joins {
		if err := tx.enter(ctx, user, id); err != nil {
			return moved{}, err
		}
	}
	if in.Automatic != 0 {
		if err := tx.enterAutomatic(ctx, user, in.Automatic); err != nil {
			return moved{}, err
		}
	}
	if err := tx.storeMembership(ctx, &user); err != nil {
		return moved{}, err
	}
	after, err := tx.membership(ctx, user)
	if err != nil {
		return moved{}, err
	}
	return tx.recordMembership(ctx, user, before, after)
}

// leaveOthers takes a person out of the groups that they are to leave, and returns the ids of those they are to enter.
func (tx *Tx) leaveOthers(ctx context.Context, user store.User, role permission.Role, in Membership) ([]int64, error) {
	memberships, err := tx.db.Memberships(ctx, user.ID)
	if err != nil || in.KeepGroups || role == permission.GlobalAdmin && user.Role != permission.GlobalAdmin {
		return nil, err
	}
	current := make([]int64, len(memberships))
	for i, m := range memberships {
		current[i] = m.ID
	}
	leaves, joins := without(current, in.Groups), without(in.Groups, current)
	for _, id := range leaves {
		if err := tx.leave(ctx, id, user.ID); err != nil {
			return nil, err
		}
	}
	return joins, nil
}

// without returns those of values that are not among others, each once.
func without[T comparable](values, others []T) []T {
	seen := map[T]bool{}
	for _, value := range others {
		seen[value] = true
	}
	var left []T
	for _, value := range values {
		if !seen[value] {
			seen[value] = true
			left = append(left, value)
		}
	}
	return left
}

// enter puts a person into a group through their own dialog: also back into an automatic group of their role.
func (tx *Tx) enter(ctx context.Context, user store.User, groupID int64) error {
	group, err := tx.grantable(ctx, groupID)
	if errors.Is(err, store.ErrNotFound) {
		return invalid("group_ids", "One of these groups does not exist, or has been deleted. Choose again.")
	}
	if err != nil {
		return err
	}
	if group.Automatic && group.Role != user.Role {
		return invalid(
			"group_ids",
			fmt.Sprintf("“%s” is the automatic group of the role %s. Change the role instead.", group.Name, group.Role.Label()),
		)
	}
	if refusal := refuseMember(user); refusal != "" {
		return invalid("group_ids", refusal)
	}
	_, err = tx.db.AddMember(ctx, group.ID, user.ID)
	return err
}

// enterAutomatic puts a person into the automatic group of their role in a tenant.
func (tx *Tx) enterAutomatic(ctx context.Context, user store.User, tenantID int64) error {
	if _, err := tx.db.TenantByID(ctx, tenantID); errors.Is(err, store.ErrNotFound) {
		return invalid("group_ids", "The tenant of this group does not exist, or has been deleted. Choose again.")
	} else if err != nil {
		return err
	}
	if refusal := refuseMember(user); refusal != "" {
		return invalid("group_ids", refusal)
	}
	if err := tx.requireGrant(ctx, user.Role, tenantID); err != nil {
		return err
	}
	return tx.join(ctx, user, tenantID)
}

// refuseMember says why somebody can be in no group; empty where they can.
func refuseMember(user store.User) string {
	switch {
	case user.Role == permission.GlobalAdmin:
		return user.DisplayName() + " is a Global Administrator, who may do everything and is in no group."
	case user.JoinedAt == 0:
		return user.DisplayName() + " was invited by link and joins groups only after signing up."
	}
	return ""
}

// grantable returns a group when the actor holds what it takes to put somebody into it (rule "may grant"): all that it
// gives, and for the automatic group of a Global role what it takes to give that role.
func (v *View) grantable(ctx context.Context, groupID int64) (store.CoveringGroup, error) {
	group, err := v.coveringGroup(ctx, groupID)
	if err != nil {
		return store.CoveringGroup{}, err
	}
	wanted := permission.Union(sourceOf(group).Grant)
	if group.AllTenants {
		wanted = toGrant(group.Role, 0)
	}
	return group, v.requireAll(ctx, wanted, Lack{object: groupObject(group.Group), needs: permission.GroupsUpdate})
}

// storeMembership stores a person whose role or groups were changed.
func (tx *Tx) storeMembership(ctx context.Context, user *store.User) (err error) {
	if user.ByGroups, err = tx.labelOnly(ctx, *user); err != nil {
		return err
	}
	return tx.saveUser(ctx, user)
}

// membership is a person as activity entries about their membership show them, with their groups by name.
type membership struct {
	object
	groups []store.Group
}

// beyond returns the names of the groups that the other membership lacks. Groups of earlier versions may share a name: their
// ids are compared.
func (a membership) beyond(other membership) []string {
	var names []string
	for _, g := range a.groups {
		if !slices.ContainsFunc(other.groups, func(o store.Group) bool { return o.ID == g.ID }) {
			names = append(names, g.Name)
		}
	}
	return names
}

func (v *View) membership(ctx context.Context, user store.User) (membership, error) {
	groups, err := v.db.GroupsOf(ctx, user.ID)
	a := membership{userObject(user), groups}
	a.fields["groups"] = strings.Join(a.beyond(membership{}), ", ")
	return a, err
}

// moved is what a change of somebody's role or groups came to: nothing where they are as they were.
type moved struct {
	fact  fact
	taken LinksTaken
}

// recordMembership records a change of somebody's role or groups.
func (tx *Tx) recordMembership(ctx context.Context, user store.User, before, after membership) (moved, error) {
	var details []string
	action := actChangeGroups
	if before.fields["role"] != after.fields["role"] {
		action = actChangeRole
		details = append(details, "Role: "+before.fields["role"]+" → "+after.fields["role"])
	}
	left, entered := before.beyond(after), after.beyond(before)
	for _, name := range left {
		details = append(details, leftGroup(name))
	}
	for _, name := range entered {
		details = append(details, "Added to the group "+name)
	}
	if len(details) == 0 {
		return moved{fact: fact{user: user}}, nil
	}
	taken, err := tx.reviewLinks(ctx, user)
	if err != nil {
		return moved{}, err
	}
	changed := moved{tx.happened(notify.ConditionMembershipChanged, user, details...), taken}
	differ := differences(before.object, after.object)
	if len(differ) == 0 { // groups of earlier versions may share a name
		differ["groups"] = [2]string{strings.Join(left, ", "), strings.Join(entered, ", ")}
	}
	return changed, tx.record(ctx, action, Done, after.object, differ)
}

// leftGroup is how messages say that somebody is no longer in a group.
func leftGroup(name string) string { return "Left the group " + name }
