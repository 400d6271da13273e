package views

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// GroupsPath is the address of the list of groups.
const GroupsPath = "/settings/groups"

// GroupPath is the address of a group with what follows it: "/edit", "?tab=users".
func GroupPath(id int64, rest string) string {
	return GroupsPath + "/" + strconv.FormatInt(id, 10) + rest
}

// GroupsPage is the list of groups.
type GroupsPage struct {
	Query account.GroupQuery
	List  account.GroupList
}

// role is the value of the role filter.
func (p GroupsPage) role() string {
	if p.Query.Custom {
		return "custom"
	}
	return string(p.Query.Role)
}

func (p GroupsPage) filtered() bool { return p.Query.Search != "" || p.role() != "" }

func (p GroupsPage) at(cursor string) string {
	v := url.Values{}
	for name, value := range map[string]string{"q": p.Query.Search, "role": p.role(), "cursor": cursor} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

func (p GroupsPage) filter() filter {
	inGroups := slices.DeleteFunc(permission.Roles(), func(r permission.Role) bool { return r.GroupName() == "" })
	f := filter{name: "role", label: "Role", chosen: p.role(), options: roleOptions(inGroups)}
	f.options = append(f.options, option{"custom", customLabel})
	return f
}

// announcement is what a screen reader says when the list has been drawn again.
func (p GroupsPage) announcement() string {
	n := len(p.List.Rows)
	if n == 1 {
		return "1 group"
	}
	return strconv.Itoa(n) + " groups on this page"
}

const customLabel = "Custom permissions"

// groupRole is the source role of a group in words.
func groupRole(g store.Group) string { return cmp.Or(g.Role.Label(), customLabel) }

// groupRoleOptions are the source roles to choose from.
func groupRoleOptions() []option {
	return append(roleOptions(account.GroupRoles), option{"custom", customLabel})
}
