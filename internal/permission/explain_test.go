package permission

import (
	"reflect"
	"testing"
)

func TestExplainNamesEverySource(t *testing.T) {
	t.Parallel()
	sources := []Source{
		{Group: 3, Name: "View", Grant: Grant{Tenants: []int64{mainTenant, staging}, Set: Set{}.With(rulesView)}},
		{Group: 1, Name: "Update", Grant: Grant{Tenants: []int64{mainTenant}, Set: Set{}.With(rulesView, rulesUpdate)}},
		{Group: 2, Name: "Nowhere", Grant: Grant{Set: everything()}},
		{Group: 4, Name: "Everywhere", Automatic: true, Grant: Grant{AllTenants: true, Set: ReadOnly.Set()}},
	}
	names := func(from []Source) (all string) {
		for _, s := range from {
			all += s.Name + " "
		}
		return all
	}
	for _, c := range []struct {
		tenant int64
		p      Permission
		want   string
	}{
		{mainTenant, rulesView, "View Update Everywhere "},
		{mainTenant, rulesUpdate, "Update "},
		{staging, rulesView, "View Everywhere "},
		{staging, rulesUpdate, ""},
		{later, rulesView, "Everywhere "},
		{mainTenant, Permission{Rules, Delete}, ""},
	} {
		if got := names(Explain(sources, c.tenant)[c.p]); got != c.want {
			t.Errorf("%s in %d comes from %q, want %q", c.p, c.tenant, got, c.want)
		}
	}
	if len(Explain(nil, mainTenant)) != 0 {
		t.Error("nothing is explained by something")
	}
}

// TestExplanationIsTheUnion holds what is explained to what is decided.
func TestExplanationIsTheUnion(t *testing.T) {
	t.Parallel()
	var sources []Source
	for i, role := range Roles() {
		sources = append(sources, Source{Grant: Grant{Tenants: []int64{int64(i%3 + 1)}, AllTenants: i == 4, Set: role.Set()}})
		held := UnionOf(sources)
		for _, tenant := range []int64{1, 2, 3, later} {
			explanation := Explain(sources, tenant)
			for p := range everything().All() {
				given := false
				for _, s := range sources {
					given = given || s.Set.Has(p) && s.Covers(tenant)
				}
				if !reflect.DeepEqual(Giving(sources, tenant, p), explanation[p]) {
					t.Fatalf("%s in %d: given by %v, explained by %v", p, tenant, Giving(sources, tenant, p), explanation[p])
				}
				if explained := len(explanation[p]) > 0; explained != held.In(tenant).Has(p) || explained != given {
					t.Fatalf("%s in %d: explained %v, held %v, given %v", p, tenant, explained, held.In(tenant).Has(p), given)
				}
			}
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	some, all, none := Grant{Tenants: []int64{2, 5}}, Grant{AllTenants: true}, Grant{}
	for tenant, want := range map[int64][3]bool{2: {true, true, false}, 5: {true, true, false}, 3: {false, true, false}, later: {false, true, false}} {
		if got := [3]bool{some.Covers(tenant), all.Covers(tenant), none.Covers(tenant)}; got != want {
			t.Errorf("tenant %d: %v", tenant, got)
		}
	}
}

func TestWithoutForgetsTenants(t *testing.T) {
	t.Parallel()
	held := Union(
		Grant{Tenants: []int64{mainTenant, staging}, Set: Set{}.With(rulesUpdate)},
		Grant{AllTenants: true, Set: Set{}.With(rulesView)},
	)
	left := held.Without(staging, later)
	if left.In(staging) != (Set{}.With(rulesView)) || left.In(mainTenant) != (Set{}.With(rulesView, rulesUpdate)) ||
		left.Everywhere() != held.Everywhere() {
		t.Errorf("left: %v, %v, %v", left.In(mainTenant), left.In(staging), left.Everywhere())
	}
	if !held.In(staging).Has(rulesUpdate) {
		t.Error("the holdings themselves were changed")
	}
	only := Union(Grant{Tenants: []int64{staging}, Set: Set{}.With(rulesView)})
	if !only.Without(staging).Empty() || only.Without(mainTenant).Empty() || only.Without().Empty() || !(Holdings{}).Without(staging).Empty() {
		t.Error("Empty does not follow")
	}
}
