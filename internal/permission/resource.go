// Package permission says who may do what: resources, actions, the fixed roles, sets of permissions and what the
// groups of a person add up to. It is pure: no I/O, no clock, no globals that change.
package permission

// Resource is a kind of thing that permissions are about. The order of the constants is the order in which tables and
// missing permissions list them.
type Resource uint8

// The console's own resources come first, then those of the products around it.
const (
	Users Resource = iota
	Groups
	General
	Triggers
	Integrations
	Tokens
	Activity
	Tenants
	Dashboard
	Attacks
	Incidents
	APISessions
	Vulnerabilities
	APIDiscovery
	APISpecifications
	Scanner
	IPLists
	Rules
	CredentialStuffing
	BOLA
	SecurityEdge
	FiltrationMode
	Applications
	Nodes
)

var resources = [...]struct {
	key, label      string
	console, export bool
}{
	Users:              {key: "users", label: "Users", console: true, export: true},
	Groups:             {key: "groups", label: "Groups", console: true},
	General:            {key: "general", label: "General settings", console: true},
	Triggers:           {key: "triggers", label: "Triggers", console: true},
	Integrations:       {key: "integrations", label: "Integrations", console: true},
	Tokens:             {key: "tokens", label: "API tokens", console: true},
	Activity:           {key: "activity", label: "Activity log", console: true, export: true},
	Tenants:            {key: "tenants", label: "Tenants", console: true},
	Dashboard:          {key: "dashboard", label: "Dashboard"},
	Attacks:            {key: "attacks", label: "Attacks"},
	Incidents:          {key: "incidents", label: "Incidents"},
	APISessions:        {key: "api_sessions", label: "API sessions"},
	Vulnerabilities:    {key: "vulnerabilities", label: "Vulnerabilities"},
	APIDiscovery:       {key: "api_discovery", label: "API Discovery", export: true},
	APISpecifications:  {key: "api_specifications", label: "API specifications"},
	Scanner:            {key: "scanner", label: "Scanner"},
	IPLists:            {key: "ip_lists", label: "IP lists", export: true},
	Rules:              {key: "rules", label: "Rules"},
	CredentialStuffing: {key: "credential_stuffing", label: "Credential stuffing"},
	BOLA:               {key: "bola", label: "BOLA protection"},
	SecurityEdge:       {key: "security_edge", label: "Security Edge"},
	FiltrationMode:     {key: "filtration_mode", label: "Filtration mode"},
	Applications:       {key: "applications", label: "Applications"},
	Nodes:              {key: "nodes", label: "Nodes"},
}

// Resources returns every resource in table order.
func Resources() []Resource {
	all := make([]Resource, len(resources))
	for i := range all {
		all[i] = Resource(i)
	}
	return all
}

// String returns the stable key that is stored and sent, such as "ip_lists".
func (r Resource) String() string { return resources[r].key }

// Label returns the words for people, such as "IP lists".
func (r Resource) Label() string { return resources[r].label }

// Console reports whether the resource is managed by this console: it then belongs to the account and is decided by
// the permissions held in the main tenant.
func (r Resource) Console() bool { return resources[r].console }

// Action is what a permission allows to do with a resource.
type Action uint8

// Actions in table order. Export exists for a few resources only, see Permission.Exists.
const (
	View Action = iota
	Update
	Create
	Delete
	Export
)

var actions = [...]struct{ key, label string }{
	View:   {"view", "View"},
	Update: {"update", "Update"},
	Create: {"create", "Create"},
	Delete: {"delete", "Delete"},
	Export: {"export", "Export"},
}

// Actions returns every action in table order.
func Actions() []Action { return []Action{View, Update, Create, Delete, Export} }

// String returns the stable key that is stored and sent, such as "view".
func (a Action) String() string { return actions[a].key }

// Label returns the word for people, such as "View".
func (a Action) Label() string { return actions[a].label }
