package permission

import (
	"slices"
	"strings"
	"testing"
)

// The role table as it is published, copied cell by cell and written otherwise than in the code on purpose.
const published = `
users               | VUCDE | -     | V  | -  | -
groups              | VUCD  | -     | V  | -  | -
general             | VUCD  | V     | V  | -  | -
triggers            | VUCD  | -     | -  | -  | -
integrations        | VUCD  | -     | -  | -  | -
tokens              | VUCD  | -     | -  | -  | -
activity            | VE    | -     | V  | -  | -
tenants             | V     | V     | V  | -  | -
dashboard           | V     | V     | V  | -  | -
attacks             | VUCD  | VUCD  | V  | -  | -
incidents           | VUCD  | VUCD  | V  | -  | -
vulnerabilities     | VUCD  | VUCD  | V  | -  | -
rules               | VUCD  | VUCD  | V  | -  | -
scanner             | VUCD  | VUCD  | V  | -  | -
credential_stuffing | VUCD  | VUCD  | V  | -  | -
api_sessions        | VUCD  | V     | V  | -  | -
api_specifications  | VUCD  | V     | V  | V  | -
api_discovery       | VUCDE | VUCDE | -  | VE | -
ip_lists            | VUCDE | VUCDE | VE | -  | -
bola                | VUCD  | V     | -  | -  | -
security_edge       | VUCD  | V     | -  | -  | -
filtration_mode     | VUCD  | V     | V  | -  | -
applications        | VUCD  | V     | V  | -  | -
nodes               | VUCD  | V     | V  | -  | C`

func TestRoleTable(t *testing.T) {
	t.Parallel()
	columns := []Role{Admin, Analyst, ReadOnly, APIDeveloper, Deploy}
	lines := strings.Split(strings.TrimSpace(published), "\n")
	if len(lines) != len(Resources()) {
		t.Fatalf("%d rows, %d resources", len(lines), len(Resources()))
	}
	for _, line := range lines {
		cells := strings.Split(line, "|")
		view, ok := Parse(strings.TrimSpace(cells[0]) + ".view")
		if !ok {
			t.Fatalf("no resource %q", cells[0])
		}
		resource := view.Resource
		for i, role := range columns {
			for _, action := range Actions() {
				want := strings.Contains(cells[i+1], action.Label()[:1])
				if got := role.Set().Has(Permission{resource, action}); got != want {
					t.Errorf("%s: %s.%s = %v, want %v", role, resource, action, got, want)
				}
			}
		}
	}
}

func TestGlobalRoles(t *testing.T) {
	t.Parallel()
	if GlobalAnalyst.Set() != Analyst.Set() || GlobalReadOnly.Set() != ReadOnly.Set() {
		t.Error("global analyst and read only hold what their namesakes hold")
	}
	for _, role := range Roles() {
		if !GlobalAdmin.Set().Contains(role.Set()) {
			t.Errorf("the global administrator lacks something of %s", role)
		}
		if role.Global() != strings.HasPrefix(string(role), "global_") {
			t.Errorf("%s: Global() = %v", role, role.Global())
		}
	}
	if Admin.Set().Contains(GlobalAdmin.Set()) {
		t.Error("an administrator holds everything")
	}
}

func TestRoleWords(t *testing.T) {
	t.Parallel()
	want := []struct {
		role         Role
		label, group string
		signsIn      bool
		seesConsole  bool
	}{
		{"admin", "Administrator", "Administrators", true, true},
		{"analyst", "Analyst", "Analysts", true, true},
		{"read_only", "Read Only", "Read Only", true, true},
		{"api_developer", "API Developer", "API Developers", true, false},
		{"deploy", "Deploy", "Deploy", false, false},
		{"global_admin", "Global Administrator", "", true, true},
		{"global_analyst", "Global Analyst", "Global Analysts", true, true},
		{"global_read_only", "Global Read Only", "Global Read Only", true, true},
	}
	var order []Role
	for _, w := range want {
		order = append(order, w.role)
		role, ok := ParseRole(string(w.role))
		if !ok || role.Label() != w.label || role.GroupName() != w.group || role.SignsIn() != w.signsIn || role.SeesConsole() != w.seesConsole {
			t.Errorf("%s: %q, %q, signs in %v, sees console %v", w.role, role.Label(), role.GroupName(), role.SignsIn(), role.SeesConsole())
		}
	}
	if !slices.Equal(Roles(), order) {
		t.Errorf("Roles() = %v, want %v", Roles(), order)
	}
}

func TestUnknownRoleHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "owner", "Admin", "admin "} {
		if role, ok := ParseRole(key); ok {
			t.Errorf("ParseRole(%q) = %q", key, role)
		}
		if r := Role(key); r.SignsIn() || r.SeesConsole() || r.Global() || !r.Set().Empty() {
			t.Errorf("%q may do something", key)
		}
	}
}

// FuzzParseRole: whatever is called a role is one of those listed, or none and may do nothing.
func FuzzParseRole(f *testing.F) {
	for _, key := range []string{"", "admin", "Admin", "read_only", "global_admin ", "administrator", "\xff"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		role, known := ParseRole(key)
		if known != slices.Contains(Roles(), Role(key)) || known && string(role) != key || !known && role != "" {
			t.Errorf("%q is read as %q, %t", key, role, known)
		}
		if unknown := Role(key); !known && (unknown.Label() != "" || !unknown.Set().Empty()) {
			t.Errorf("%q is %q and may %q", key, unknown.Label(), unknown.Set())
		}
	})
}
