package wallarm

import (
	"net/url"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// A client is what the console calls a tenant.

// alreadyExists is what the client of the API looks for, to the letter, where a name is another tenant's.
const alreadyExists = "Already exists"

func (a *API) readClients(c handlers.Request) error {
	q, err := tenantQuery(c.QueryParams())
	if err != nil {
		return err
	}
	tenants, err := a.account.FindTenants(c.Context(), c.Actor(), q)
	if err != nil {
		return err
	}
	return a.answerClients(c, tenants...)
}

// tenantQuery is which tenants a query asks for.
func tenantQuery(query url.Values) (account.TenantQuery, error) {
	q := account.TenantQuery{UUID: query.Get("filter[uuid]"), Name: query.Get("filter[name]"), Enabled: query.Get("filter[enabled]") == "true"}
	var err error
	if query.Has("filter[id]") {
		if q.ID, err = queryNumber(query, "filter[id]", -1); err != nil {
			return q, err
		}
		if q.ID == 0 {
			q.ID = -1 // nobody's
		}
	}
	limit, err := queryNumber(query, "limit", maxRead)
	if err != nil {
		return q, err
	}
	offset, err := queryNumber(query, "offset", 0)
	q.Limit, q.Offset = window(int(limit), int(offset))
	return q, err
}

// answerClients sends tenants as a list.
func (a *API) answerClients(c handlers.Request, tenants ...store.Tenant) error {
	partner, err := a.partner(c)
	if err != nil {
		return err
	}
	all := make([]client, len(tenants))
	for i, t := range tenants {
		all[i] = clientOf(t, partner)
	}
	return done(c, all)
}

// partner is the tenant that stands for the account.
func (a *API) partner(c handlers.Request) (store.Tenant, error) {
	tenants, err := a.account.Tenants(c.Context()) // the main one first
	if err != nil {
		return store.Tenant{}, err
	}
	return tenants[0], nil
}

// clientCreate is a tenant to be made.
type clientCreate struct {
	Name    string `json:"name"`
	Partner string `json:"partner_uuid"`
}

func (a *API) createClient(c handlers.Request) error {
	var in clientCreate
	if err := a.account.Require(c.Actor(), permission.TenantsView); err != nil { // the answer says whether a name is taken
		return err
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	partner, err := a.partner(c)
	if err != nil {
		return err
	}
	if in.Partner != "" && in.Partner != partner.UUID {
		return store.ErrNotFound
	}
	if in.Name != "" {
		named, err := a.account.FindTenants(c.Context(), c.Actor(), account.TenantQuery{Name: in.Name, Limit: 1})
		if err != nil {
			return err
		}
		if len(named) > 0 {
			return wrong(alreadyExists)
		}
	}
	tenant, err := a.account.CreateTenant(c.Context(), c.Actor(), in.Name, account.NewUser{})
	if err != nil {
		return err
	}
	return done(c, clientOf(tenant, partner))
}

// clientFilter names one tenant.
type clientFilter struct {
	ID several[int64] `json:"id"`
}

// one is the id that a filter names.
func (f clientFilter) one() (int64, error) {
	if len(f.ID) != 1 {
		return 0, wrong("Name exactly one client by its id.")
	}
	return f.ID[0], nil
}

// clientUpdate is a change of a tenant.
type clientUpdate struct {
	Filter clientFilter `json:"filter"`
	Fields struct {
		Name    *string `json:"name"`
		Enabled *bool   `json:"enabled"`
	} `json:"fields"`
}

func (a *API) updateClient(c handlers.Request) error {
	var in clientUpdate
	if err := decode(c, &in); err != nil {
		return err
	}
	id, err := in.Filter.one()
	if err != nil {
		return err
	}
	tenant, err := a.account.ChangeTenant(c.Context(), c.Actor(), id, account.TenantChange{Name: in.Fields.Name, Enabled: in.Fields.Enabled})
	if err != nil {
		return err
	}
	return a.answerClients(c, tenant)
}

type clientDelete struct {
	Filter clientFilter `json:"filter"`
}

func (a *API) deleteClient(c handlers.Request) error {
	var in clientDelete
	if err := decode(c, &in); err != nil {
		return err
	}
	id, err := in.Filter.one()
	if err != nil {
		return err
	}
	if _, err := a.account.DeleteTenantByID(c.Context(), c.Actor(), id); err != nil {
		return err
	}
	return done(c, []int64{id})
}

// client is a tenant as the client of the API reads it. What this console does not know of is empty.
type client struct {
	ID                  int64         `json:"id"`
	UUID                string        `json:"uuid"`
	Name                string        `json:"name"`
	Enabled             bool          `json:"enabled"`
	Validated           bool          `json:"validated"`
	CreateAt            int64         `json:"create_at"` // seconds
	PartnerID           int64         `json:"partnerid"` // the main tenant, which stands for the account
	PartnerUUID         string        `json:"partner_uuid"`
	Components          []string      `json:"components"`
	SupportPlan         string        `json:"support_plan"`
	DateFormat          string        `json:"date_format"`
	BlockingType        string        `json:"blocking_type"`
	QratorBlacklists    bool          `json:"qrator_blacklists"`
	Notifications       clientNotices `json:"notifications"`
	LastScan            *int64        `json:"last_scan"`
	Language            string        `json:"language"`
	AttackRecheckerMode string        `json:"attack_rechecker_mode"`
	VulnRecheckerMode   string        `json:"vuln_rechecker_mode"`
	CanEnableBlacklist  bool          `json:"can_enable_blacklist"`
	BlacklistDisabledAt int64         `json:"blacklist_disabled_at"`
	HiddenVulns         bool          `json:"hidden_vulns"`
}

// clientNotices are whom the products around this console send reports to: nobody is known here.
type clientNotices struct {
	ReportDaily   clientNotice `json:"report_daily"`
	ReportWeekly  clientNotice `json:"report_weekly"`
	ReportMonthly clientNotice `json:"report_monthly"`
	System        clientNotice `json:"system"`
	Vuln          clientNotice `json:"vuln"`
	Scope         clientNotice `json:"scope"`
}

type clientNotice struct {
	Email     []string `json:"email"`
	Telegram  []string `json:"telegram"`
	Slack     []string `json:"slack"`
	Splunk    []string `json:"splunk"`
	PagerDuty []string `json:"pager_duty"`
}

func clientOf(t, partner store.Tenant) client {
	return client{ID: t.ID, UUID: t.UUID, Name: t.Name, Enabled: t.DisabledAt == 0, Validated: true, CreateAt: seconds(t.CreatedAt),
		PartnerID: partner.ID, PartnerUUID: partner.UUID, Components: []string{}, DateFormat: store.DefaultPreferences.DateFormat, Language: "en"}
}
