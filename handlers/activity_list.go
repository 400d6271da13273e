package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"console/internal/account"
	"console/internal/input"
	"console/store"
	"console/views"
)

func (h *Console) activity(c request) error {
	query := activityQuery(c)
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

// activityQuery reads the state of the activity log from the address. What it does not know narrows nothing.
func activityQuery(c request) account.ActivityQuery {
	known := views.ActivityChoices()
	choice := func(name string) string {
		if value := c.QueryParam(name); slices.Contains(known[name], value) {
			return value
		}
		return ""
	}
	query := account.ActivityQuery{Cursor: c.QueryParam("cursor"), EntryFilter: store.EntryFilter{
		ObjectType: choice("object_type"), Action: choice("action"), Outcome: choice("outcome"), Source: choice("source"),
		JobID: c.QueryID("job"), ActorID: c.QueryID("actor"), Nobody: c.QueryParam("actor") == views.ActorNobody,
		Text: input.Line(c.QueryParam("q")),
	}}
	query.ObjectID = objectAmong(c, query.ObjectType)
	zone := views.TimeZone(c.SignedIn().User.TimeZone)
	if from, err := time.ParseInLocation(time.DateOnly, c.QueryParam("from"), zone); err == nil {
		query.From = max(store.At(from), 0)
	}
	if to, err := time.ParseInLocation(time.DateOnly, c.QueryParam("to"), zone); err == nil {
		query.To = max(store.At(to.AddDate(0, 0, 1)), 1)
	}
	return query
}

// objectAmong reads the object that entries are to be about, which has an id among those of its type. The search form sends the type
// with it: where another one was chosen since, the object is none.
func objectAmong(c request, objectType string) int64 {
	text := c.QueryParam("object")
	if of, id, is := strings.Cut(text, ":"); is {
		if of != objectType {
			return 0
		}
		text = id
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 0 || objectType == "" {
		return 0
	}
	return id
}
