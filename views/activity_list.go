package views

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

// ActivityPath is where the activity log is.
const ActivityPath = "/settings/activity"

// ActorNobody is the value of the filter by actor for what nobody did who has an account.
const ActorNobody = "nobody"

// ActivityPage is the activity log.
type ActivityPage struct {
	Query account.ActivityQuery
	List  account.ActivityList
	Wrong account.Fields // filters that are not understood; nothing is listed then
}

// entryPath is the address of an entry.
func entryPath(id int64) string { return ActivityPath + "/" + strconv.FormatInt(id, 10) }

// entryPath is the address of an entry of the list, which leads back to the list as it is. The whole log is known without being said.
func (p ActivityPage) entryPath(ctx context.Context, id int64) string {
	list := p.at(ctx, p.Query.Cursor)
	if p.Query.UserID != 0 {
		list = userEntries(p.Query.UserID, p.Query.Cursor)
	}
	if list == ActivityPath {
		return entryPath(id)
	}
	return carrying(entryPath(id), list)
}

// userEntries is the address of a part of what a person did and what was done to them.
func userEntries(id int64, cursor string) string {
	tab := UserTabPath(id, UserTabActivity)
	if cursor == "" {
		return tab
	}
	return tab + "&cursor=" + url.QueryEscape(cursor)
}

// activityOf is the address of what was done to something.
func activityOf(objectType string, id int64) string {
	return activityAt(account.ActivityQuery{EntryFilter: store.EntryFilter{ObjectType: objectType, ObjectID: id}}, time.UTC)
}

// activityAt is the address of the activity log in a state. Days are those of a time zone.
func activityAt(q account.ActivityQuery, zone *time.Location) string {
	values := url.Values{}
	for _, f := range activityFields(q, zone) {
		values.Set(f.Label, f.Value)
	}
	if q.Cursor != "" {
		values.Set("cursor", q.Cursor)
	}
	if len(values) == 0 {
		return ActivityPath
	}
	return ActivityPath + "?" + values.Encode()
}

// activityFields are the fields that an address needs to mean the same entries; Label is the name.
func activityFields(q account.ActivityQuery, zone *time.Location) (fields []option) {
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, option{value, name})
		}
	}
	addID := func(name string, id int64) {
		if id != 0 {
			add(name, strconv.FormatInt(id, 10))
		}
	}
	add("q", q.Text)
	if q.Nobody {
		add("actor", ActorNobody)
	}
	addID("actor", q.ActorID)
	add("object_type", q.ObjectType)
	if q.ObjectType != "" {
		addID("object", q.ObjectID)
	}
	add("action", q.Action)
	add("outcome", q.Outcome)
	add("source", q.Source)
	add("from", day(q.From, zone))
	if q.To != 0 {
		add("to", day(q.To-1, zone))
	}
	addID("job", q.JobID)
	return fields
}

// day is a date as a field of a form has it; "" for none.
func day(at store.Millis, zone *time.Location) string {
	if at == 0 {
		return ""
	}
	return at.Time().In(zone).Format(time.DateOnly)
}

// TimeZone is the time zone with an IANA name, or UTC where there is no such zone any more.
func TimeZone(name string) *time.Location { return zone(name) }

// but is the address of the list with its query changed, from its newest entry on.
func (p ActivityPage) but(ctx context.Context, change func(*store.EntryFilter)) string {
	q := p.Query
	q.Cursor = ""
	change(&q.EntryFilter)
	return activityAt(q, clockOf(ctx).zone)
}

func (p ActivityPage) onlyActor(ctx context.Context, e *account.ActivityEntry) string {
	return p.but(ctx, func(f *store.EntryFilter) { f.ActorID, f.Nobody, f.UserID = e.ActorID, e.ActorID == 0, 0 })
}

func (p ActivityPage) onlyObject(ctx context.Context, e *account.ActivityEntry) string {
	return p.but(ctx, func(f *store.EntryFilter) { f.ObjectType, f.ObjectID, f.UserID = e.ObjectType, e.ObjectID, 0 })
}

// exported is the address of what the filters show, as a file of a format.
func (p ActivityPage) exported(ctx context.Context, format string) string {
	return ActivityPath + "/export." + format + strings.TrimPrefix(p.at(ctx, ""), ActivityPath)
}

// at is the address of another page of the list.
func (p ActivityPage) at(ctx context.Context, cursor string) string {
	q := p.Query
	q.Cursor = cursor
	return activityAt(q, clockOf(ctx).zone)
}

// The words for what entries have.
var (
	outcomeOptions = []option{{account.Done, "Done"}, {account.Failed, "Failed"}, {account.Refused, "Refused"}}
	sourceOptions  = []option{{string(account.UI), "Browser"}, {string(account.API), "API token"}, {string(account.CLI), "Command line"},
		{string(account.System), "System"}}
)

// words is the label of an option, or its value where there is none.
func words(options []option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// ActivityChoices are the fields by which the log is filtered with one of several values, and these.
func ActivityChoices() map[string][]string {
	choices := map[string][]string{}
	for _, f := range (ActivityPage{}).filters(time.UTC) {
		for _, o := range f.options {
			choices[f.name] = append(choices[f.name], o.Value)
		}
	}
	return choices
}

func (p ActivityPage) filters(zone *time.Location) []filter {
	kind := filter{name: "object_type", label: "Object type", chosen: p.Query.ObjectType}
	for _, t := range account.ObjectTypes() {
		kind.options = append(kind.options, option{t.Name, t.Title})
	}
	action := filter{name: "action", label: "Action", chosen: p.Query.Action}
	for _, a := range account.Actions() {
		action.options = append(action.options, option{a.Name, a.Title})
	}
	to := ""
	if p.Query.To != 0 {
		to = day(p.Query.To-1, zone)
	}
	return []filter{
		kind, action,
		{name: "outcome", label: "Outcome", chosen: p.Query.Outcome, options: outcomeOptions},
		{name: "source", label: "Source", chosen: p.Query.Source, options: sourceOptions},
		{name: "from", label: "From", chosen: day(p.Query.From, zone), date: true, wrong: p.Wrong["from"]},
		{name: "to", label: "To", chosen: to, date: true, wrong: p.Wrong["to"]},
	}
}

// filtersLabel says how many filters narrow the list.
func (p ActivityPage) filtersLabel() string {
	set := 0
	for _, f := range p.filters(time.UTC) {
		if f.chosen != "" {
			set++
		}
	}
	if set == 0 {
		return "Filters"
	}
	return "Filters · " + strconv.Itoa(set)
}

// chip is a part of the filter that no field of the form shows, and the address of the list without it.
type chip struct{ label, without string }

func (p ActivityPage) chips(ctx context.Context) (chips []chip) {
	if p.Query.ActorID != 0 || p.Query.Nobody {
		name := cmp.Or(account.ShortName(p.List.Actor), "user "+strconv.FormatInt(p.Query.ActorID, 10))
		if p.Query.Nobody {
			name = "nobody with an account"
		}
		chips = append(chips, chip{"By " + name, p.but(ctx, func(f *store.EntryFilter) { f.ActorID, f.Nobody = 0, false })})
	}
	if p.Query.ObjectID != 0 {
		name := cmp.Or(account.ShortName(p.List.Object), strconv.FormatInt(p.Query.ObjectID, 10))
		label := account.ObjectTitle(p.Query.ObjectType) + ": " + name
		chips = append(chips, chip{label, p.but(ctx, func(f *store.EntryFilter) { f.ObjectID = 0 })})
	}
	if p.Query.JobID != 0 {
		chips = append(chips, chip{"One job", p.but(ctx, func(f *store.EntryFilter) { f.JobID = 0 })})
	}
	return chips
}

// hidden are the parts of the filter that chips show, as fields of the search form. The object goes with its type, so that
// another type chosen in the form ends it.
func (p ActivityPage) hidden() (fields []option) {
	for _, f := range activityFields(p.Query, time.UTC) {
		switch f.Label {
		case "object":
			fields = append(fields, option{p.Query.ObjectType + ":" + f.Value, f.Label})
		case "actor", "job":
			fields = append(fields, f)
		}
	}
	return fields
}

// announcement is what a screen reader says when the list has been drawn again.
func (p ActivityPage) announcement() string {
	if len(p.Wrong) > 0 {
		return "The filters are not understood"
	}
	n := len(p.List.Entries)
	if n == 1 {
		return "1 entry"
	}
	if p.List.Newer != "" || p.List.Older != "" {
		return strconv.Itoa(n) + " entries on this page"
	}
	return strconv.Itoa(n) + " entries"
}

// nameAndRest parts how an entry names somebody: "Ann Roe <ann@example.com>".
func nameAndRest(name string) (short, rest string) {
	short, rest, _ = strings.Cut(name, " <")
	return short, strings.TrimSuffix(rest, ">")
}

// actorName is how an entry calls who did it.
func actorName(e *account.ActivityEntry) (name, rest string) {
	for _, part := range account.Sentence(e.Entry) {
		if part.Actor {
			name = part.Text
		}
	}
	_, rest = nameAndRest(e.Actor)
	return name, rest
}

// objectPath is the page of what an entry is about; "" where it has none, does not exist or is not the reader's to see.
func objectPath(ctx context.Context, e *account.ActivityEntry) string {
	if !e.ObjectThere {
		return ""
	}
	id := strconv.FormatInt(e.ObjectID, 10)
	page, known := map[string]struct {
		needs permission.Permission
		path  string
	}{
		"user":        {permission.UsersView, UserPath(e.ObjectID, "")},
		"group":       {permission.GroupsView, GroupPath(e.ObjectID, "")},
		"tenant":      {permission.TenantsUpdate, "/settings/tenants"},
		"trigger":     {permission.TriggersUpdate, "/settings/triggers/" + id + "/edit"},
		"integration": {permission.IntegrationsUpdate, integrationsPath + "/" + id + "/edit"},
		"delivery":    {permission.TriggersView, deliveryPath(e.ObjectID)},
		"token":       {permission.TokensView, TokenPath(e.ObjectID, "")},
	}[e.ObjectType]
	if !known || !frame(ctx).Can.Has(page.needs) {
		return ""
	}
	return page.path
}
