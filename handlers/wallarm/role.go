package wallarm

import "console/internal/permission"

// roles are what the client calls them.
var roles = []struct {
	role permission.Role
	name string
}{
	{permission.Admin, "admin"},
	{permission.Analyst, "analytic"},
	{permission.ReadOnly, "auditor"},
	{permission.Deploy, "deploy"},
	{permission.APIDeveloper, "api_developer"},
	{permission.GlobalAdmin, "partner_admin"},
	{permission.GlobalAnalyst, "partner_analytic"},
	{permission.GlobalReadOnly, "partner_auditor"},
}

// roleNamed returns the role that the client calls so; one that nobody can have for any other name.
func roleNamed(name string) permission.Role {
	for _, r := range roles {
		if r.name == name {
			return r.role
		}
	}
	return permission.Role("?" + name)
}

func nameOf(role permission.Role) string {
	for _, r := range roles {
		if r.role == role {
			return r.name
		}
	}
	return string(role)
}
