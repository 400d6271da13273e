package account

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

// GroupRoles are the roles whose permissions a group may have, in the order they are listed.
var GroupRoles = []permission.Role{permission.Admin, permission.Analyst, permission.ReadOnly, permission.APIDeveloper, permission.Deploy}

// GroupInput is what the form of a group says. Without a role the permissions are the group's own.
type GroupInput struct {
	Name    string
	Role    permission.Role
	Custom  []string // permission keys, as posted
	Tenants []int64
}

// GroupDetail is a group with the tenants it covers.
type GroupDetail struct {
	store.Group
	Tenants []store.Tenant // none where AllTenants
}

// Group returns a group. It returns Forbidden without groups.view, or store.ErrNotFound.
func (s *Service) Group(ctx context.Context, by Actor, id int64) (GroupDetail, error) {
	return read(ctx, s, by, func(v *View) (GroupDetail, error) {
		if err := v.requirePermission(permission.GroupsView); err != nil {
			return GroupDetail{}, err
		}
		group, err := v.db.GroupByID(ctx, id)
		if err != nil {
			return GroupDetail{}, err
		}
		tenants, err := v.db.GroupTenants(ctx, id)
		return GroupDetail{group, tenants}, err
	})
}

// CreateGroup adds a group. It returns Invalid or Forbidden (rule "may grant").
func (s *Service) CreateGroup(ctx context.Context, by Actor, in GroupInput) (store.Group, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Group, error) { return tx.makeGroup(ctx, in) })
}

func (tx *Tx) makeGroup(ctx context.Context, in GroupInput) (store.Group, error) {
	if err := tx.requirePermission(permission.GroupsCreate); err != nil {
		return store.Group{}, err
	}
	group, refused := in.parse()
	if len(refused) > 0 {
		return store.Group{}, refused.Refusal()
	}
	if err := tx.requireFreeName(ctx, group); err != nil {
		return store.Group{}, err
	}
	if err := tx.requireTenants(ctx, in.Tenants); err != nil {
		return store.Group{}, err
	}
	grant := permission.Grant{Tenants: in.Tenants, Set: group.Set()}
	if err := tx.requireAll(ctx, permission.Union(grant), Lack{needs: permission.GroupsCreate}); err != nil {
		return store.Group{}, err
	}
	group.CreatedAt = tx.now
	if err := tx.db.InsertGroup(ctx, &group, in.Tenants...); err != nil {
		return store.Group{}, err
	}
	after, err := tx.groupObject(ctx, group)
	if err != nil {
		return store.Group{}, err
	}
	return group, tx.recordChange(ctx, actCreateGroup, object{}, after)
}

// RenameGroup gives a group that still is as it was at version another name. It returns Invalid, Forbidden,
// store.ErrStale or store.ErrNotFound.
func (s *Service) RenameGroup(ctx context.Context, by Actor, id, version int64, name string) (store.Group, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Group, error) { return tx.nameGroup(ctx, id, version, name) })
}

func (tx *Tx) nameGroup(ctx context.Context, id, version int64, name string) (store.Group, error) {
	refused := Fields{}
	name = input.ParseTitle(name, "name", "a name", refused)
	return tx.changeGroup(ctx, id, version, refused, func(group *store.CoveringGroup) error {
		group.Name = name
		return tx.requireFreeName(ctx, group.Group)
	})
}

// SetGroupPermissions gives a group that still is as it was at version another source role or set of permissions. What is
// added falls under rule "may grant"; what the set had and can be given no more stays, as permission.Set.Keeping says. It
// returns Invalid, ChangedPreview, Forbidden, store.ErrStale or store.ErrNotFound.
func (s *Service) SetGroupPermissions(ctx context.Context, by Actor, id, version int64, in GroupInput) (store.Group, error) {
	preview := func(v *View) (Preview, error) { return v.previewPermissions(ctx, id, version, in) }
	return changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.Group, error) { return tx.changePermissions(ctx, id, version, in) })
}

func (tx *Tx) changePermissions(ctx context.Context, id, version int64, in GroupInput) (store.Group, error) {
	role, custom, refused := in.parsePermissions()
	return tx.changeGroup(ctx, id, version, refused, func(group *store.CoveringGroup) error {
		before := group.Set()
		group.Role, group.Custom = role, custom.Keeping(group.Custom)
		if err := tx.requireAdded(ctx, *group, before); err != nil {
			return err
		}
		return tx.reviewLinksOfMembers(ctx, id, sourceOf(*group).Grant)
	})
}

// requireAdded returns a Forbidden when the actor lacks something that a group gives and did not give before (rule "may grant").
func (v *View) requireAdded(ctx context.Context, group store.CoveringGroup, before permission.Set) error {
	added := permission.Grant{Tenants: group.Tenants, Set: group.Set().Minus(before)}
	return v.requireAll(ctx, permission.Union(added), Lack{object: groupObject(group.Group), needs: permission.GroupsUpdate})
}

// PreviewGroupPermissions says what SetGroupPermissions would take away. It returns what that returns.
func (s *Service) PreviewGroupPermissions(ctx context.Context, by Actor, id, version int64, in GroupInput) (Preview, error) {
	return read(ctx, s, by, func(v *View) (Preview, error) { return v.previewPermissions(ctx, id, version, in) })
}

func (v *View) previewPermissions(ctx context.Context, id, version int64, in GroupInput) (Preview, error) {
	if err := requireVersion(version); err != nil {
		return Preview{}, err
	}
	role, custom, refused := in.parsePermissions()
	group, err := v.editable(ctx, id, permission.GroupsUpdate)
	switch {
	case err != nil:
		return Preview{}, err
	case len(refused) > 0:
		return Preview{}, refused.Refusal()
	case group.Version != version:
		return Preview{}, store.ErrStale
	}
	after := group
	after.Role, after.Custom = role, custom.Keeping(group.Custom)
	if err := v.requireAdded(ctx, after, group.Set()); err != nil {
		return Preview{}, err
	}
	return v.previewMembers(ctx, group, sourceOf(after).Grant)
}

// changeGroup applies edit to a group whose name or permissions the actor may change, and stores it.
func (tx *Tx) changeGroup(
	ctx context.Context,
	id, version int64,
	refused Fields,
	edit func(*store.CoveringGroup) error,
) (store.Group, error) {
	if err := requireVersion(version); err != nil {
		return store.Group{}, err
	}
	group, err := tx.editable(ctx, id, permission.GroupsUpdate)
	if err != nil {
		return store.Group{}, err
	}
	if len(refused) > 0 {
		return store.Group{}, refused.Refusal()
	}
	before, err := tx.groupObject(ctx, group.Group)
	if err != nil {
		return store.Group{}, err
	}
	if err := edit(&group); err != nil {
		return store.Group{}, err
	}
	group.Version = version
	if err := tx.db.UpdateGroup(ctx, &group.Group); err != nil {
		return store.Group{}, err
	}
	after, err := tx.groupObject(ctx, group.Group)
	if err != nil {
		return store.Group{}, err
	}
	return group.Group, tx.recordChange(ctx, actChangeGroup, before, after)
}

// DeleteGroup removes a group, neither its users nor its tenants. The triggers are told of each who was in it, by a job
// where there are many. It returns Invalid, ChangedPreview, Forbidden or store.ErrNotFound.
func (s *Service) DeleteGroup(ctx context.Context, by Actor, id int64) (store.Group, error) {
	preview := func(v *View) (Preview, error) { return v.previewRemoved(ctx, id) }
	group, err := changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.Group, error) { return tx.removeGroup(ctx, id) })
	if err == nil {
		s.wakeJobs()
	}
	return group, err
}

func (tx *Tx) removeGroup(ctx context.Context, id int64) (store.Group, error) {
	group, err := tx.editable(ctx, id, permission.GroupsDelete)
	if err != nil {
		return store.Group{}, err
	}
	before, err := tx.groupObject(ctx, group.Group)
	if err != nil {
		return store.Group{}, err
	}
	left, err := tx.toTellOf(ctx, group.Group)
	if err != nil {
		return store.Group{}, err
	}
	if err := tx.reviewLinksOfMembers(ctx, id, permission.Grant{}); err != nil {
		return store.Group{}, err
	}
	if err := tx.db.DeleteGroup(ctx, id); err != nil {
		return store.Group{}, err
	}
	if err := tx.recordEnd(ctx, actDeleteGroup, before.with("users", strconv.Itoa(group.Members))); err != nil {
		return store.Group{}, err
	}
	return group.Group, tx.tellLeft(ctx, left)
}

// PreviewDeleteGroup says what DeleteGroup would take away. It returns what that returns.
func (s *Service) PreviewDeleteGroup(ctx context.Context, by Actor, id int64) (Preview, error) {
	return read(ctx, s, by, func(v *View) (Preview, error) { return v.previewRemoved(ctx, id) })
}

func (v *View) previewRemoved(ctx context.Context, id int64) (Preview, error) {
	group, err := v.editable(ctx, id, permission.GroupsDelete)
	if err != nil {
		return Preview{}, err
	}
	return v.previewMembers(ctx, group, permission.Grant{})
}

// coveringGroup returns a group with the tenants it covers, or store.ErrNotFound.
func (v *View) coveringGroup(ctx context.Context, id int64) (store.CoveringGroup, error) {
	found, err := v.db.GroupGrants(ctx, id)
	if err == nil && len(found) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.CoveringGroup{}, err
	}
	return found[0], nil
}

// editable returns a group that the actor may change by p. Automatic groups follow the roles of people and are not
// edited.
func (v *View) editable(ctx context.Context, id int64, p permission.Permission) (store.CoveringGroup, error) {
	if err := v.requirePermission(p); err != nil {
		return store.CoveringGroup{}, err
	}
	group, err := v.coveringGroup(ctx, id)
	if err == nil && group.Automatic {
		err = invalid(
			"",
			"“"+group.Name+"” is an automatic group: it follows the roles people were given. "+
				"Change a person's role or groups through “Groups…” in the user list.",
		)
	}
	return group, err
}

// parse checks what was typed and returns the group it describes.
func (in GroupInput) parse() (store.Group, Fields) {
	role, custom, refused := in.parsePermissions()
	if refused == nil {
		refused = Fields{}
	}
	group := store.Group{Role: role, Custom: custom}
	group.Name = input.ParseTitle(in.Name, "name", "a name", refused)
	return group, refused
}

// parsePermissions checks the source role or the set of a group's own.
func (in GroupInput) parsePermissions() (permission.Role, permission.Set, Fields) {
	if in.Role != "" {
		if !slices.Contains(GroupRoles, in.Role) {
			return "", permission.Set{}, Fields{"role": "Choose a source role, or custom permissions."}
		}
		return in.Role, permission.Set{}, nil
	}
	var set permission.Set
	for _, key := range in.Custom {
		p, known := permission.Parse(key)
		switch {
		case !known:
			return "", set, Fields{"permissions": fmt.Sprintf("There is no permission “%s”. Leave it out.", key)}
		case !p.Custom():
			return "", set, Fields{"permissions": fmt.Sprintf("Custom permissions cannot %s: %s.", p.Label(), notOffered(p))}
		}
		set = set.With(p)
	}
	if p, blind := set.Blind(); blind {
		return "", set, Fields{
			"permissions": fmt.Sprintf("To %s, people must be able to view it: choose View of %s too.", p.Label(), p.Resource.Label()),
		}
	}
	return "", set, nil
}

// notOffered says why a set of a group's own cannot be given a permission.
func notOffered(p permission.Permission) string {
	switch {
	case permission.Admin.Set().Has(p):
		return "that takes the role Administrator"
	case p.Resource == permission.Activity:
		return "its entries stay as they were written"
	}
	return "that takes the role Global Administrator"
}

func (v *View) requireFreeName(ctx context.Context, group store.Group) error {
	taken, err := v.db.GroupNamed(ctx, group.Name, group.ID)
	if err == nil && taken {
		err = invalid("name", "There is a group with this name already. Choose another name.")
	}
	return err
}

// freeName returns the name that a group gets without being asked: the one given, with a number where another group but
// the one with the id given has it already.
func (v *View) freeName(ctx context.Context, name string, except int64) (string, error) {
	free := name
	for n := 2; ; n++ {
		taken, err := v.db.GroupNamed(ctx, free, except)
		if err != nil || !taken {
			return free, err
		}
		free = fmt.Sprintf("%s %d", name, n)
	}
}

func groupObject(g store.Group) object { return object{kind: "group", id: g.ID, name: g.Name} }

// groupObject is a group as activity entries show it.
func (v *View) groupObject(ctx context.Context, g store.Group) (object, error) {
	tenants, err := v.db.GroupTenants(ctx, g.ID)
	names := make([]string, len(tenants))
	for i, t := range tenants {
		names[i] = t.Name
	}
	o := groupObject(g)
	o.fields = map[string]string{"name": g.Name, "role": "Custom permissions", "tenants": strings.Join(names, ", ")}
	if g.Role != "" {
		o.fields["role"] = g.Role.Label()
	}
	o.allowed = g.Set()
	return o, err
}
