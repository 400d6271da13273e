package api

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"console/internal/account"
	"console/store"
)

// What several sections answer.
type (
	// digest tells a preview from one of another outcome.
	digest struct {
		Digest string `json:"digest" description:"Sent with the change as confirm, it makes sure that what is done is what this preview says."`
	}
	// person is somebody of whom an answer tells.
	person struct {
		ID    int64  `json:"id"`
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	// named is something of which an answer tells.
	named struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	// tenantPermissions are permissions in a tenant.
	tenantPermissions struct {
		TenantID    int64    `json:"tenant_id" description:"0 stands for all tenants that are not yet made."`
		Permissions []string `json:"permissions"`
	}
)

// digestOf is the digest of a preview.
func digestOf(preview interface{ Digest() string }) digest { return digest{preview.Digest()} }

func personOf(u store.User) person { return person{u.ID, u.Name(), u.Email} }

func peopleOf(users []store.User) []person {
	people := []person{}
	for _, u := range users {
		people = append(people, personOf(u))
	}
	return people
}

func permissionsByTenant(sets []account.TenantSet) []tenantPermissions {
	all := []tenantPermissions{}
	for _, s := range sets {
		all = append(all, tenantPermissions{s.Tenant.ID, keysOf(s.Set)})
	}
	return all
}

// timeOrNone is a moment; nil, which is null, where there is none.
func timeOrNone(at store.Millis) *time.Time {
	if at == 0 {
		return nil
	}
	moment := at.Time()
	return &moment
}

// pageByID is a page of what the account returns as a whole, in the order in which it was made: another name moves nothing to another
// page.
func pageByID[Row, Item any](rows []Row, in paging, item func(Row) Item, id func(Item) int64) page[Item] {
	items := []Item{}
	after := positive(in.Cursor)
	for _, row := range rows {
		if i := item(row); id(i) > after {
			items = append(items, i)
		}
	}
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(id(a), id(b)) })
	if len(items) <= in.Limit {
		return page[Item]{Items: items}
	}
	return page[Item]{Items: items[:in.Limit], Next: strconv.FormatInt(id(items[in.Limit-1]), 10)}
}

// renamed is an error whose fields are called as they are in the API; those without another name stay.
func renamed(err error, names map[string]string) error {
	refused := account.AsRefusal(err)
	if refused == nil || len(refused.Fields) == 0 {
		return err
	}
	again := *refused
	again.Fields = account.Fields{}
	for name, reason := range refused.Fields {
		again.Fields[cmp.Or(names[name], name)] = reason
	}
	return &again
}
