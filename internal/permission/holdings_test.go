package permission

import (
	"slices"
	"testing"
)

var (
	rulesView   = Permission{Rules, View}
	rulesUpdate = Permission{Rules, Update}
)

const mainTenant, staging, later = int64(1), int64(2), int64(99)

func TestFC86_UnionDoesNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	groups := []Grant{
		{Tenants: []int64{mainTenant}, Set: ReadOnly.Set()},
		{Tenants: []int64{staging, mainTenant}, Set: Set{}.With(rulesView, rulesUpdate)},
		{AllTenants: true, Set: Deploy.Set()},
		{Tenants: []int64{staging}, Set: APIDeveloper.Set()},
	}
	want := Union(groups...)
	for _, order := range permutations(groups) {
		got := Union(order...)
		for _, tenant := range []int64{mainTenant, staging, later} {
			if got.In(tenant) != want.In(tenant) {
				t.Fatalf("tenant %d differs in the order %v", tenant, order)
			}
		}
		if got.Everywhere() != want.Everywhere() {
			t.Fatalf("everywhere differs in the order %v", order)
		}
	}
	if !want.In(mainTenant).Has(rulesUpdate) || !want.In(staging).Has(Permission{APIDiscovery, Export}) || want.In(later) != Deploy.Set() {
		t.Error("the union is not what the groups give")
	}
}

func permutations(groups []Grant) [][]Grant {
	if len(groups) == 0 {
		return [][]Grant{nil}
	}
	var all [][]Grant
	for i, first := range groups {
		rest := slices.Delete(slices.Clone(groups), i, i+1)
		for _, tail := range permutations(rest) {
			all = append(all, append([]Grant{first}, tail...))
		}
	}
	return all
}

func TestFC87_AllowWinsOverAGroupThatGivesLess(t *testing.T) {
	t.Parallel()
	narrow := Grant{Tenants: []int64{mainTenant}, Set: Set{}.With(rulesView)}
	nothing := Grant{Tenants: []int64{mainTenant}}
	wide := Grant{Tenants: []int64{mainTenant}, Set: Admin.Set()}
	for _, groups := range [][]Grant{{wide, narrow, nothing}, {nothing, narrow, wide}} {
		if got := Union(groups...).In(mainTenant); got != Admin.Set() {
			t.Errorf("a narrower group took something away: %v", slices.Collect(Admin.Set().Minus(got).All()))
		}
	}
}

func TestHoldingsEmpty(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]Holdings{
		"zero value":            {},
		"no groups":             Union(),
		"a group of no tenants": Union(Grant{Set: Admin.Set()}),
		"an empty set":          Union(Grant{Tenants: []int64{mainTenant}}),
	} {
		if !h.Empty() || !h.In(mainTenant).Empty() {
			t.Errorf("%s: holds something", name)
		}
	}
	if Union(Grant{AllTenants: true, Set: Deploy.Set()}).Empty() || Union(Grant{Tenants: []int64{staging}, Set: Deploy.Set()}).Empty() {
		t.Error("holdings with a permission are empty")
	}
}

func TestPlusChangesNeitherSide(t *testing.T) {
	t.Parallel()
	a := Union(Grant{Tenants: []int64{mainTenant}, Set: Set{}.With(rulesView)})
	b := Union(Grant{Tenants: []int64{mainTenant}, Set: Set{}.With(rulesUpdate)}, Grant{AllTenants: true, Set: Deploy.Set()})
	sum := a.Plus(b)
	if sum.In(mainTenant) != Deploy.Set().With(rulesView, rulesUpdate) || sum.Everywhere() != Deploy.Set() {
		t.Error("the sum is wrong")
	}
	if a.In(mainTenant) != (Set{}).With(rulesView) || b.In(mainTenant).Has(rulesView) {
		t.Error("a summand changed")
	}
	if got := (Holdings{}).Plus(a); got.In(mainTenant) != a.In(mainTenant) {
		t.Error("the zero value is not neutral")
	}
}

func TestLacks(t *testing.T) {
	t.Parallel()
	grant := func(set Set, tenants ...int64) Holdings { return Union(Grant{Tenants: tenants, Set: set}) }
	all := func(set Set) Holdings { return Union(Grant{AllTenants: true, Set: set}) }
	view, both := Set{}.With(rulesView), Set{}.With(rulesView, rulesUpdate)
	tenants := []int64{mainTenant, staging}

	for name, c := range map[string]struct {
		own, other Holdings
		tenants    []int64
		want       Missing
		lacks      bool
	}{
		"equals":                          {own: grant(both, mainTenant), other: grant(both, mainTenant), tenants: tenants},
		"more than the other":             {own: grant(both, mainTenant, staging), other: grant(view, staging), tenants: tenants},
		"nothing of nobody":               {tenants: tenants},
		"other tenant":                    {own: grant(both, mainTenant), other: grant(view, staging), tenants: tenants, want: Missing{staging, rulesView}, lacks: true},
		"one action":                      {own: grant(view, staging), other: grant(both, staging), tenants: tenants, want: Missing{staging, rulesUpdate}, lacks: true},
		"order of the tenants":            {other: grant(view, mainTenant, staging), tenants: []int64{staging, mainTenant}, want: Missing{staging, rulesView}, lacks: true},
		"table order":                     {other: grant(both.With(UsersView), staging), tenants: tenants, want: Missing{staging, UsersView}, lacks: true},
		"everywhere covers every tenant":  {own: all(both), other: grant(both, mainTenant, staging), tenants: tenants},
		"everywhere beats every present":  {own: grant(both, mainTenant, staging), other: all(view), tenants: tenants, want: Missing{0, rulesView}, lacks: true},
		"everywhere first":                {other: all(view).Plus(grant(both.With(UsersView), mainTenant)), tenants: tenants, want: Missing{0, rulesView}, lacks: true},
		"everywhere equal, one on top":    {own: all(view), other: all(view).Plus(grant(both, staging)), tenants: tenants, want: Missing{staging, rulesUpdate}, lacks: true},
		"everywhere without any tenant":   {other: all(view), want: Missing{0, rulesView}, lacks: true},
		"tenants not given do not matter": {other: grant(view, staging), tenants: []int64{mainTenant}},
	} {
		if got, lacks := c.own.Lacks(c.other, c.tenants); lacks != c.lacks || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v, %v", name, got, lacks, c.want, c.lacks)
		}
	}
}
