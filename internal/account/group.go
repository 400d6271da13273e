package account

import (
	"context"
	"fmt"
	"slices"
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
	if err := s.Require(ctx, by, permission.GroupsView); err != nil {
		return GroupDetail{}, err
	}
	group, err := s.db.GroupByID(ctx, id)
	if err != nil {
		return GroupDetail{}, err
	}
	tenants, err := s.db.GroupTenants(ctx, id)
	return GroupDetail{group, tenants}, err
}

// CreateGroup adds a group. It returns Invalid or Forbidden (rule "may grant").
func (s *Service) CreateGroup(ctx context.Context, by Actor, in GroupInput) (store.Group, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Group, error) { return tx.createGroup(in) })
}

func (tx *Tx) createGroup(in GroupInput) (store.Group, error) {
	if err := tx.require(permission.GroupsCreate); err != nil {
		return store.Group{}, err
	}
	group, refused := in.parse()
	if len(refused) > 0 {
		return store.Group{}, refused
	}
	if err := tx.requireFreeName(group); err != nil {
		return store.Group{}, err
	}
	if err := tx.requireTenants(in.Tenants); err != nil {
		return store.Group{}, err
	}
	grant := permission.Grant{Tenants: in.Tenants, Set: group.Set()}
	if err := tx.requireAll(permission.Union(grant), &Forbidden{needs: permission.GroupsCreate}); err != nil {
		return store.Group{}, err
	}
	group.CreatedAt = tx.now
	if err := tx.db.InsertGroup(tx.ctx, &group, in.Tenants...); err != nil {
		return store.Group{}, err
	}
	after, err := tx.groupObject(group)
	if err != nil {
		return store.Group{}, err
	}
	return group, tx.Record("create group", object{}, after)
}

// RenameGroup gives a group that still is as it was at version another name. It returns Invalid, Forbidden,
// store.ErrStale or store.ErrNotFound.
func (s *Service) RenameGroup(ctx context.Context, by Actor, id, version int64, name string) (store.Group, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Group, error) { return tx.renameGroup(id, version, name) })
}

func (tx *Tx) renameGroup(id, version int64, name string) (store.Group, error) {
	refused := Invalid{}
	name = input.ParseTitle(name, "name", "a name", refused)
	return tx.changeGroup(id, version, refused, func(group *store.CoveringGroup) error {
		group.Name = name
		return tx.requireFreeName(group.Group)
	})
}

// SetGroupPermissions gives a group that still is as it was at version another source role or set of permissions. What is
// added falls under rule "may grant". It returns Invalid, Forbidden, store.ErrStale or store.ErrNotFound.
func (s *Service) SetGroupPermissions(ctx context.Context, by Actor, id, version int64, in GroupInput) (store.Group, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Group, error) { return tx.setGroupPermissions(id, version, in) })
}

func (tx *Tx) setGroupPermissions(id, version int64, in GroupInput) (store.Group, error) {
	role, custom, refused := in.permissions()
	return tx.changeGroup(id, version, refused, func(group *store.CoveringGroup) error {
		before := group.Set()
		group.Role, group.Custom = role, custom
		return tx.requireAdded(*group, before)
	})
}

// requireAdded returns a Forbidden when the actor lacks something that a group gives and did not give before (rule "may grant").
func (tx *Tx) requireAdded(group store.CoveringGroup, before permission.Set) error {
	added := permission.Grant{Tenants: group.Tenants, Set: group.Set().Minus(before)}
	return tx.requireAll(permission.Union(added), &Forbidden{object: groupObject(group.Group), needs: permission.GroupsUpdate})
}

// PreviewGroupPermissions says what SetGroupPermissions would take away. It returns what that returns.
func (s *Service) PreviewGroupPermissions(ctx context.Context, by Actor, id, version int64, in GroupInput) (Preview, error) {
	if err := requireVersion(version); err != nil {
		return Preview{}, err
	}
	role, custom, refused := in.permissions()
	var after store.CoveringGroup
	group, err := change(ctx, s, by, func(tx *Tx) (store.CoveringGroup, error) {
		group, err := tx.editable(id, permission.GroupsUpdate)
		switch {
		case err != nil:
			return group, err
		case len(refused) > 0:
			return group, refused
		case group.Version != version:
			return group, store.ErrStale
		}
		after = group
		after.Role, after.Custom = role, custom
		return group, tx.requireAdded(after, group.Set())
	})
	if err != nil {
		return Preview{}, err
	}
	return previewMembers(ctx, s.db.Queries, group, sourceOf(after).Grant)
}

// changeGroup applies edit to a group whose name or permissions the actor may change, and stores it.
func (tx *Tx) changeGroup(id, version int64, refused Invalid, edit func(*store.CoveringGroup) error) (store.Group, error) {
	if err := requireVersion(version); err != nil {
		return store.Group{}, err
	}
	group, err := tx.editable(id, permission.GroupsUpdate)
	if err != nil {
		return store.Group{}, err
	}
	if len(refused) > 0 {
		return store.Group{}, refused
	}
	before, err := tx.groupObject(group.Group)
	if err != nil {
		return store.Group{}, err
	}
	if err := edit(&group); err != nil {
		return store.Group{}, err
	}
	group.Version = version
	if err := tx.db.UpdateGroup(tx.ctx, &group.Group); err != nil {
		return store.Group{}, err
	}
	after, err := tx.groupObject(group.Group)
	if err != nil {
		return store.Group{}, err
	}
	return group.Group, tx.Record("change group", before, after)
}

// DeleteGroup removes a group, neither its users nor its tenants. The triggers are told of each who was in it, by a job
// where there are many. It returns Invalid, Forbidden or store.ErrNotFound.
func (s *Service) DeleteGroup(ctx context.Context, by Actor, id int64) (store.Group, error) {
	group, err := change(ctx, s, by, func(tx *Tx) (store.Group, error) { return tx.deleteGroup(id) })
	if err == nil {
		s.wakeJobs()
	}
	return group, err
}

func (tx *Tx) deleteGroup(id int64) (store.Group, error) {
	group, err := tx.editable(id, permission.GroupsDelete)
	if err != nil {
		return store.Group{}, err
	}
	before, err := tx.groupObject(group.Group)
	if err != nil {
		return store.Group{}, err
	}
	left, err := tx.toTellOf(group.Group)
	if err != nil {
		return store.Group{}, err
	}
	if err := tx.db.DeleteGroup(tx.ctx, id); err != nil {
		return store.Group{}, err
	}
	after := before
	after.fields = map[string]string{"name": "", "role": "", "permissions": "", "tenants": ""}
	if err := tx.Record("delete group", before, after); err != nil {
		return store.Group{}, err
	}
	return group.Group, tx.tellLeft(left)
}

// PreviewDeleteGroup says what DeleteGroup would take away. It returns what that returns.
func (s *Service) PreviewDeleteGroup(ctx context.Context, by Actor, id int64) (Preview, error) {
	group, err := change(ctx, s, by, func(tx *Tx) (store.CoveringGroup, error) { return tx.editable(id, permission.GroupsDelete) })
	if err != nil {
		return Preview{}, err
	}
	return previewMembers(ctx, s.db.Queries, group, permission.Grant{})
}

// group returns a group with the tenants it covers, or store.ErrNotFound.
func (tx *Tx) group(id int64) (store.CoveringGroup, error) {
	found, err := tx.db.GroupGrants(tx.ctx, id)
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
func (tx *Tx) editable(id int64, p permission.Permission) (store.CoveringGroup, error) {
	if err := tx.require(p); err != nil {
		return store.CoveringGroup{}, err
	}
	group, err := tx.group(id)
	if err == nil && group.Automatic {
		err = Invalid{"": "“" + group.Name + "” is an automatic group: it follows the roles people were given. Change a person's role or groups through “Groups…” in the user list."}
	}
	return group, err
}

// parse checks what was typed and returns the group it describes.
func (in GroupInput) parse() (store.Group, Invalid) {
	role, custom, refused := in.permissions()
	if refused == nil {
		refused = Invalid{}
	}
	group := store.Group{Role: role, Custom: custom}
	group.Name = input.ParseTitle(in.Name, "name", "a name", refused)
	return group, refused
}

// permissions checks the source role or the set of a group's own.
func (in GroupInput) permissions() (permission.Role, permission.Set, Invalid) {
	if in.Role != "" {
		if !slices.Contains(GroupRoles, in.Role) {
			return "", permission.Set{}, Invalid{"role": "Choose a source role, or custom permissions."}
		}
		return in.Role, permission.Set{}, nil
	}
	var set permission.Set
	for _, key := range in.Custom {
		p, known := permission.Parse(key)
		switch {
		case !known:
			return "", set, Invalid{"permissions": fmt.Sprintf("There is no permission “%s”. Reload the page.", key)}
		case !p.Custom():
			return "", set, Invalid{"permissions": fmt.Sprintf("Custom permissions cannot %s: that takes the role Administrator.", p.Label())}
		}
		set = set.With(p)
	}
	if p, blind := set.Blind(); blind {
		return "", set, Invalid{"permissions": fmt.Sprintf("To %s, people must be able to view it: tick View of %s too.", p.Label(), p.Resource.Label())}
	}
	return "", set, nil
}

func (tx *Tx) requireFreeName(group store.Group) error {
	taken, err := tx.db.GroupNamed(tx.ctx, group.Name, group.ID)
	if err == nil && taken {
		err = Invalid{"name": "There is a group with this name already. Choose another name."}
	}
	return err
}

// freeName returns the name that a group gets without being asked: the one given, with a number where another group but
// the one with the id given has it already.
func (tx *Tx) freeName(name string, except int64) (string, error) {
	free := name
	for n := 2; ; n++ {
		taken, err := tx.db.GroupNamed(tx.ctx, free, except)
		if err != nil || !taken {
			return free, err
		}
		free = fmt.Sprintf("%s %d", name, n)
	}
}

func groupObject(g store.Group) object { return object{kind: "group", id: g.ID, name: g.Name} }

// groupObject is a group as activity entries show it.
func (tx *Tx) groupObject(g store.Group) (object, error) {
	tenants, err := tx.db.GroupTenants(tx.ctx, g.ID)
	names := make([]string, len(tenants))
	for i, t := range tenants {
		names[i] = t.Name
	}
	o := groupObject(g)
	o.fields = map[string]string{"name": g.Name, "role": "Custom permissions", "permissions": g.Custom.String(), "tenants": strings.Join(names, ", ")}
	if g.Role != "" {
		o.fields["role"] = g.Role.Label()
	}
	return o, err
}
