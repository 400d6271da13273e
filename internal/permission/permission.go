package permission

// Permission is one action on one resource. It is comparable.
type Permission struct {
	Resource Resource
	Action   Action
}

// What the operations of this console ask for.
var (
	UsersView   = Permission{Users, View}
	UsersUpdate = Permission{Users, Update}
	UsersCreate = Permission{Users, Create}
	UsersDelete = Permission{Users, Delete}
	UsersExport = Permission{Users, Export}

	GroupsView   = Permission{Groups, View}
	GroupsUpdate = Permission{Groups, Update}
	GroupsCreate = Permission{Groups, Create}
	GroupsDelete = Permission{Groups, Delete}

	GeneralView   = Permission{General, View}
	GeneralUpdate = Permission{General, Update}

	TriggersView   = Permission{Triggers, View}
	TriggersUpdate = Permission{Triggers, Update}
	TriggersCreate = Permission{Triggers, Create}
	TriggersDelete = Permission{Triggers, Delete}

	IntegrationsView   = Permission{Integrations, View}
	IntegrationsUpdate = Permission{Integrations, Update}
	IntegrationsCreate = Permission{Integrations, Create}
	IntegrationsDelete = Permission{Integrations, Delete}

	TokensView   = Permission{Tokens, View}
	TokensUpdate = Permission{Tokens, Update}
	TokensCreate = Permission{Tokens, Create}
	TokensDelete = Permission{Tokens, Delete}

	ActivityView   = Permission{Activity, View}
	ActivityExport = Permission{Activity, Export}

	TenantsView   = Permission{Tenants, View}
	TenantsUpdate = Permission{Tenants, Update}
	TenantsCreate = Permission{Tenants, Create}
	TenantsDelete = Permission{Tenants, Delete}
)

// Parse reads what String writes, such as "rules.update". It reports false for anything that does not exist.
func Parse(key string) (Permission, bool) {
	p, known := byKey[key]
	return p, known
}

// Exists reports whether there is such a permission: view, update, create and delete exist for every resource, export
// for the user list, the activity log, API Discovery and IP lists.
func (p Permission) Exists() bool {
	if int(p.Resource) >= len(resources) || int(p.Action) >= len(actions) {
		return false
	}
	return p.Action != Export || resources[p.Resource].export
}

// String returns the stable key that is stored and sent, such as "rules.update".
func (p Permission) String() string { return p.Resource.String() + "." + p.Action.String() }

// Label returns the words for the middle of a sentence, such as "update Rules".
func (p Permission) Label() string { return p.Action.String() + " " + p.Resource.Label() }
