package permission

// Role is a named, fixed set of permissions. Its value is the key that is stored, posted and sent.
type Role string

// The roles. The Global ones reach all tenants, those not yet made included.
const (
	Admin          Role = "admin"
	Analyst        Role = "analyst"
	ReadOnly       Role = "read_only"
	APIDeveloper   Role = "api_developer"
	Deploy         Role = "deploy"
	GlobalAdmin    Role = "global_admin"
	GlobalAnalyst  Role = "global_analyst"
	GlobalReadOnly Role = "global_read_only"
)

type roleRow struct {
	role             Role
	label, groupName string
	global           bool
	signsIn          bool
	seesConsole      bool
	makesTokens      bool
	set              Set
}

var (
	analystSet  = column(func(g grants) string { return g.analyst })
	readOnlySet = column(func(g grants) string { return g.readOnly })
)

// roles in listing order.
var roles = [...]roleRow{
	{role: Admin, label: "Administrator", groupName: "Administrators", signsIn: true, seesConsole: true, makesTokens: true,
		set: column(func(g grants) string { return g.admin })},
	{role: Analyst, label: "Analyst", groupName: "Analysts", signsIn: true, seesConsole: true, makesTokens: true, set: analystSet},
	{role: ReadOnly, label: "Read Only", groupName: "Read Only", signsIn: true, seesConsole: true, set: readOnlySet},
	{role: APIDeveloper, label: "API Developer", groupName: "API Developers", signsIn: true,
		set: column(func(g grants) string { return g.apiDeveloper })},
	{role: Deploy, label: "Deploy", groupName: "Deploy", set: column(func(g grants) string { return g.deploy })},
	{role: GlobalAdmin, label: "Global Administrator", global: true, signsIn: true, seesConsole: true, makesTokens: true,
		set: everything()},
	{role: GlobalAnalyst, label: "Global Analyst", groupName: "Global Analysts", global: true, signsIn: true,
		seesConsole: true, makesTokens: true, set: analystSet},
	{role: GlobalReadOnly, label: "Global Read Only", groupName: "Global Read Only", global: true, signsIn: true,
		seesConsole: true, set: readOnlySet},
}

// grants is one row of the role table: the initials of the actions each role may do, "M" standing for "VUCD".
type grants struct{ admin, analyst, readOnly, apiDeveloper, deploy string }

var roleTable = [...]grants{
	Users:              {admin: "ME", readOnly: "V"},
	Groups:             {admin: "M", readOnly: "V"},
	General:            {admin: "M", analyst: "V", readOnly: "V"},
	Triggers:           {admin: "M"},
	Integrations:       {admin: "M"},
	Tokens:             {admin: "M"},
	Activity:           {admin: "VE", readOnly: "V"},
	Tenants:            {admin: "V", analyst: "V", readOnly: "V"},
	Dashboard:          {admin: "V", analyst: "V", readOnly: "V"},
	Attacks:            {admin: "M", analyst: "M", readOnly: "V"},
	Incidents:          {admin: "M", analyst: "M", readOnly: "V"},
	APISessions:        {admin: "M", analyst: "V", readOnly: "V"},
	Vulnerabilities:    {admin: "M", analyst: "M", readOnly: "V"},
	APIDiscovery:       {admin: "ME", analyst: "ME", apiDeveloper: "VE"},
	APISpecifications:  {admin: "M", analyst: "V", readOnly: "V", apiDeveloper: "V"},
	Scanner:            {admin: "M", analyst: "M", readOnly: "V"},
	IPLists:            {admin: "ME", analyst: "ME", readOnly: "VE"},
	Rules:              {admin: "M", analyst: "M", readOnly: "V"},
	CredentialStuffing: {admin: "M", analyst: "M", readOnly: "V"},
	BOLA:               {admin: "M", analyst: "V"},
	SecurityEdge:       {admin: "M", analyst: "V"},
	FiltrationMode:     {admin: "M", analyst: "V", readOnly: "V"},
	Applications:       {admin: "M", analyst: "V", readOnly: "V"},
	Nodes:              {admin: "M", analyst: "V", readOnly: "V", deploy: "C"},
}

var initials = map[rune][]Action{
	'M': {View, Update, Create, Delete},
	'V': {View},
	'C': {Create},
	'E': {Export},
}

// column collects one role's column of the table.
func column(of func(grants) string) Set {
	var s Set
	for resource, row := range roleTable {
		for _, initial := range of(row) {
			for _, action := range initials[initial] {
				s = s.With(Permission{Resource(resource), action})
			}
		}
	}
	return s
}

func everything() Set {
	var s Set
	for _, r := range Resources() {
		for _, a := range Actions() {
			s = s.With(Permission{r, a})
		}
	}
	return s
}

// Roles returns every role in listing order.
func Roles() []Role {
	all := make([]Role, len(roles))
	for i, row := range roles {
		all[i] = row.role
	}
	return all
}

// ParseRole finds a role by its key, such as "read_only".
func ParseRole(key string) (Role, bool) {
	row := Role(key).row()
	return row.role, row.role != ""
}

// row is the zero row for a value that is no role: no label, no permissions, no sign-in.
func (r Role) row() roleRow {
	for _, row := range roles {
		if row.role == r {
			return row
		}
	}
	return roleRow{}
}

// Label returns the words for people, such as "Read Only"; "" for a value that is no role.
func (r Role) Label() string { return r.row().label }

// GroupName returns what the automatic group of the role is called in the main tenant, such as "Analysts". Global
// Administrators are in no group: theirs is "".
func (r Role) GroupName() string { return r.row().groupName }

// Global reports whether the role reaches all tenants, those not yet made included.
func (r Role) Global() bool { return r.row().global }

// Set returns the permissions of the role; none for a value that is no role.
func (r Role) Set() Set { return r.row().set }

// SignsIn reports whether people with the role may sign in at all. Deploy people work through tokens, whatever their
// groups say.
func (r Role) SignsIn() bool { return r.row().signsIn }

// SeesConsole reports whether people with the role see more of the console than their profile. API Developers and
// Deploy people do not.
func (r Role) SeesConsole() bool { return r.row().seesConsole }

// MakesTokens reports whether people with the role may make API tokens for themselves: Administrators and Analysts, the Global
// ones included.
func (r Role) MakesTokens() bool { return r.row().makesTokens }

// GetsTokens reports whether administrators make the API tokens of people with the role: of those who see nothing of the console
// where they could make them.
func (r Role) GetsTokens() bool {
	row := r.row()
	return row.role != "" && !row.seesConsole
}
