package permission

import "maps"

// Grant is what one group gives to its members. With AllTenants the list of tenants is not looked at: the grant
// covers every tenant, those not yet made included.
type Grant struct {
	Tenants    []int64
	AllTenants bool
	Set        Set
}

// Holdings is what somebody holds, tenant by tenant. It is immutable; the zero value holds nothing.
type Holdings struct {
	everywhere Set
	tenants    map[int64]Set
}

// Union adds up grants. There is no deny, so the order does not matter and allowing always wins.
func Union(grants ...Grant) Holdings {
	h := Holdings{tenants: map[int64]Set{}}
	for _, g := range grants {
		if g.AllTenants {
			h.everywhere = h.everywhere.Union(g.Set)
			continue
		}
		for _, tenant := range g.Tenants {
			h.tenants[tenant] = h.tenants[tenant].Union(g.Set)
		}
	}
	return h
}

// In returns what is held in the tenant, what is held everywhere included.
func (h Holdings) In(tenant int64) Set { return h.everywhere.Union(h.tenants[tenant]) }

// Everywhere returns what is held in all tenants, those not yet made included.
func (h Holdings) Everywhere() Set { return h.everywhere }

// Empty reports whether nothing is held in any tenant.
func (h Holdings) Empty() bool {
	for _, s := range h.tenants {
		if !s.Empty() {
			return false
		}
	}
	return h.everywhere.Empty()
}

// Without returns what is left without all that is held in these tenants by name. What is held everywhere stays, and with
// it what In says of them.
func (h Holdings) Without(tenants ...int64) Holdings {
	left := Holdings{everywhere: h.everywhere, tenants: maps.Clone(h.tenants)}
	for _, tenant := range tenants {
		delete(left.tenants, tenant)
	}
	return left
}

// Plus returns what either of the two holds.
func (h Holdings) Plus(other Holdings) Holdings {
	sum := Holdings{everywhere: h.everywhere.Union(other.everywhere), tenants: map[int64]Set{}}
	for _, part := range []Holdings{h, other} {
		for tenant, s := range part.tenants {
			sum.tenants[tenant] = sum.tenants[tenant].Union(s)
		}
	}
	return sum
}

// Within returns what is left of the holdings within a grant: its permissions in its tenants, as far as they are held.
func (h Holdings) Within(g Grant) Holdings {
	left := Holdings{tenants: map[int64]Set{}}
	if g.AllTenants {
		left.everywhere = h.everywhere.Intersect(g.Set)
		for tenant, s := range h.tenants {
			left.tenants[tenant] = s.Intersect(g.Set)
		}
		return left
	}
	for _, tenant := range g.Tenants {
		left.tenants[tenant] = h.In(tenant).Intersect(g.Set)
	}
	return left
}

// Missing is a permission that one side lacks. Tenant 0 means: in all tenants, those not yet made included.
type Missing struct {
	Tenant     int64
	Permission Permission
}

// Lacks reports the first permission that other holds and h does not: first among what other holds everywhere (holding
// it in every tenant there is today is not enough), then in each of the given tenants, in their order; within each in
// table order. Tenants that are not given are not compared: a caller that decides about a person gives all of them,
// disabled ones included.
func (h Holdings) Lacks(other Holdings, tenants []int64) (Missing, bool) {
	for p := range other.everywhere.Minus(h.everywhere).All() {
		return Missing{Permission: p}, true
	}
	for _, tenant := range tenants {
		for p := range other.In(tenant).Minus(h.In(tenant)).All() {
			return Missing{Tenant: tenant, Permission: p}, true
		}
	}
	return Missing{}, false
}
