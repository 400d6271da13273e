package permission

// Source is a group as an origin of permissions. Group 0 stands for the role Global Administrator, which needs no group.
type Source struct {
	Group     int64
	Name      string
	Automatic bool
	Grant
}

// Covers reports whether the grant reaches a tenant.
func (g Grant) Covers(tenant int64) bool {
	if g.AllTenants {
		return true
	}
	for _, t := range g.Tenants {
		if t == tenant {
			return true
		}
	}
	return false
}

// UnionOf adds up what sources grant; see Union.
func UnionOf(sources []Source) Holdings {
	grants := make([]Grant, len(sources))
	for i, s := range sources {
		grants[i] = s.Grant
	}
	return Union(grants...)
}

// Explanation says of each permission that is held in one tenant which sources give it, in their order. What it does not
// name is not held: it is the union of the same sources.
type Explanation map[Permission][]Source

// Giving returns those of the sources that give a permission in a tenant, in their order: what Explain says of that one permission.
func Giving(sources []Source, tenant int64, p Permission) []Source {
	var giving []Source
	for _, s := range sources {
		if s.Set.Has(p) && s.Covers(tenant) {
			giving = append(giving, s)
		}
	}
	return giving
}

// Explain explains what sources give in a tenant.
func Explain(sources []Source, tenant int64) Explanation {
	explanation := Explanation{}
	for _, s := range sources {
		if !s.Covers(tenant) {
			continue
		}
		for p := range s.Set.All() {
			explanation[p] = append(explanation[p], s)
		}
	}
	return explanation
}
