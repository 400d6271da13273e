package handlers

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"console/internal/account"
	"console/internal/input"
	"console/store"
	"console/views"
)

func (h *Console) activity(c request) error {
	query, wrong := activityQuery(c)
	if len(wrong) > 0 {
		page := views.ActivityPage{Query: query, Wrong: wrong}
		return h.renderPart(c, http.StatusUnprocessableEntity, views.Activity(page), views.ActivitySection(page))
	}
	list, err := h.account.Activity(c.Context(), c.Actor(), query)
	if err != nil {
		return err
	}
	page := views.ActivityPage{Query: query, List: list}
	return h.renderPart(c, http.StatusOK, views.Activity(page), views.ActivitySection(page))
}

func (h *Console) activityEntry(c request, id int64) error {
	entry, err := h.account.Entry(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	page := views.EntryPage{ActivityEntry: entry, Address: h.BaseURL.JoinPath("settings", "activity", strconv.FormatInt(id, 10)).String(),
		Back: h.backToEntries(c)}
	return h.renderPart(c, http.StatusOK, views.ActivityEntry(page), views.ActivityEntryPart(page))
}

// backToEntries is the list of entries from which somebody came to one: the activity log in some state, or the page of a person.
func (h *Console) backToEntries(c request) string {
	back := h.path(c.QueryParam("back"))
	list := strings.TrimPrefix(h.ownPath(back), h.basePath)
	if at, _, _ := strings.Cut(list, "?"); at == views.ActivityPath {
		return list
	}
	return cmp.Or(h.usersPage(back), views.ActivityPath)
}

// userActivity is the tab of what a person did and of what was done to them.
func (h *Console) userActivity(c request, id int64) error {
	cursor := c.QueryParam("cursor")
	user, list, err := h.account.UserActivity(c.Context(), c.Actor(), id, cursor)
	if err != nil {
		return err
	}
	tab := views.UserActivityTab{User: user, ActivityPage: views.ActivityPage{List: list}}
	tab.Query.UserID, tab.Query.Cursor = id, cursor
	return h.renderUser(c, views.UserPage{User: user, Tab: views.UserTabActivity, Part: views.UserActivity(tab)})
}

// activityQuery reads the state of the activity log from the address, and says of each filter that it does not understand why it is
// refused.
func activityQuery(c request) (account.ActivityQuery, account.Fields) {
	known := views.ActivityChoices()
	f := filtersOf(c.QueryParam)
	choice := func(name string) string { return f.one(name, known[name]...) }
	query := account.ActivityQuery{Cursor: c.QueryParam("cursor"), EntryFilter: store.EntryFilter{
		ObjectType: choice("object_type"), Action: choice("action"), Outcome: choice("outcome"), Source: choice("source"),
		JobID: f.id("job"), Nobody: c.QueryParam("actor") == views.ActorNobody, Text: input.Line(c.QueryParam("q")),
	}}
	if !query.Nobody {
		query.ActorID = f.id("actor")
	}
	query.ObjectID = f.objectAmong(query.ObjectType)
	zone := views.TimeZone(c.SignedIn().User.TimeZone)
	if from := f.day("from", zone); !from.IsZero() {
		query.From = max(store.At(from), 0)
	}
	if to := f.day("to", zone); !to.IsZero() {
		query.To = max(store.At(to.AddDate(0, 0, 1)), 1)
	}
	return query, f.wrong
}

// day returns when the day begins that a filter has, or the zero time.
func (f filters) day(name string, zone *time.Location) time.Time {
	value := f.value(name)
	if value == "" {
		return time.Time{}
	}
	day, err := time.ParseInLocation(time.DateOnly, value, zone)
	if err != nil {
		f.wrong[name] = "This is no date. Enter one as in 2026-01-31."
	}
	return day
}

// objectAmong reads the object that entries are to be about, which has an id among those of its type. The search form sends the type
// with it: where another one was chosen since, the object is none.
func (f filters) objectAmong(objectType string) int64 {
	text := f.value("object")
	of, id, is := strings.Cut(text, ":")
	switch {
	case text == "" || is && of != objectType:
		return 0
	case !is:
		id = text
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 0 || objectType == "" {
		f.refuse("object")
		return 0
	}
	return n
}
