package account

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"console/internal/permission"
	"console/store"
)

// ActivityPerPage is how many entries a page of the activity log shows.
const ActivityPerPage = 50

// ActivityQuery asks for a page of the activity log.
type ActivityQuery struct {
	store.EntryFilter
	Cursor string // of a page before or after another; one that is none means the newest entries
	Limit  int    // of a program, whose list ends where nothing is left; 0: as many as a page of the console shows
}

// Filtered reports whether entries are left out.
func (q ActivityQuery) Filtered() bool { return q.EntryFilter != store.EntryFilter{} }

// ActivityEntry is an entry, with what has become of whom and what it names.
type ActivityEntry struct {
	store.Entry
	ActorGone   bool // the actor has been deleted
	ObjectGone  bool // the object has been deleted
	ObjectThere bool // the object is of a kind that has a page, and exists
}

// ActivityList is a page of the activity log, newest first.
type ActivityList struct {
	Entries      []ActivityEntry
	Newer, Older string       // cursors of the pages beside it; "": there are none
	LookedTo     store.Millis // not zero: the search has looked back as far as this, or forward, and can go on
	Actor        string       // who the filter asks for, as the newest entry names them
	Object       string       // what the filter asks for
}

// backwards begins the cursor of a page of newer entries.
const backwards = "-"

// position reads a cursor: a moment and an id. What is none is no position.
func position(cursor string) (at store.EntryPosition, newer bool) {
	cursor, newer = strings.CutPrefix(cursor, backwards)
	moment, id, _ := strings.Cut(cursor, ".")
	atMoment, err := strconv.ParseInt(moment, 10, 64)
	atID, errID := strconv.ParseInt(id, 10, 64)
	if err != nil || errID != nil || atMoment < 0 || atID < 0 {
		return store.EntryPosition{}, false
	}
	return store.EntryPosition{At: store.Millis(atMoment), ID: atID}, newer
}

func cursorAt(p store.EntryPosition, before string) string {
	if p == (store.EntryPosition{}) {
		return ""
	}
	return fmt.Sprintf("%s%d.%d", before, p.At, p.ID)
}

// Activity returns a page of the activity log. What leads behind its end shows the last page there is. It returns Forbidden without
// activity.view.
func (s *Service) Activity(ctx context.Context, by Actor, q ActivityQuery) (ActivityList, error) {
	return read(ctx, s, by, func(v *View) (ActivityList, error) {
		if err := v.requirePermission(permission.ActivityView); err != nil {
			return ActivityList{}, err
		}
		return v.entryList(ctx, q)
	})
}

// UserActivity returns a person, with a page of what they did and what was done to them. It returns Forbidden (users.view,
// activity.view) or store.ErrNotFound.
func (s *Service) UserActivity(ctx context.Context, by Actor, userID int64, cursor string) (store.User, ActivityList, error) {
	var user store.User
	list, err := read(ctx, s, by, func(v *View) (list ActivityList, err error) {
		if user, err = v.viewed(ctx, userID); err != nil {
			return ActivityList{}, err
		}
		if err := v.requirePermission(permission.ActivityView); err != nil {
			return ActivityList{}, err
		}
		return v.entryList(ctx, ActivityQuery{EntryFilter: store.EntryFilter{UserID: userID}, Cursor: cursor})
	})
	return user, list, err
}

// Entry returns one entry. It returns Forbidden without activity.view, or store.ErrNotFound.
func (s *Service) Entry(ctx context.Context, by Actor, id int64) (ActivityEntry, error) {
	return read(ctx, s, by, func(v *View) (ActivityEntry, error) {
		if err := v.requirePermission(permission.ActivityView); err != nil {
			return ActivityEntry{}, err
		}
		entry, err := v.db.EntryByID(ctx, id)
		if err != nil {
			return ActivityEntry{}, err
		}
		list, err := v.withFate(ctx, []store.Entry{entry})
		if err != nil {
			return ActivityEntry{}, err
		}
		return list[0], nil
	})
}

func (v *View) entryList(ctx context.Context, q ActivityQuery) (ActivityList, error) {
	query := store.EntryQuery{EntryFilter: q.EntryFilter, Limit: cmp.Or(q.Limit, ActivityPerPage)}
	query.Behind, query.Newer = position(q.Cursor)
	page, err := v.db.EntryPage(ctx, &v.service.kinds, query)
	if err == nil && q.Limit == 0 && len(page.Entries) == 0 && page.LookedTo == 0 && query.Behind != (store.EntryPosition{}) {
		page, err = v.lastPage(ctx, query)
	}
	if err != nil {
		return ActivityList{}, err
	}
	list := ActivityList{LookedTo: page.LookedTo, Newer: cursorAt(page.Newer, backwards), Older: cursorAt(page.Older, "")}
	if list.Entries, err = v.withFate(ctx, page.Entries); err != nil {
		return ActivityList{}, err
	}
	if q.ActorID != 0 {
		by := store.EntryFilter{ActorID: q.ActorID}
		if list.Actor, err = v.nameInEntries(ctx, by, func(e store.Entry) string { return e.Actor }); err != nil {
			return ActivityList{}, err
		}
	}
	if q.ObjectType != "" && q.ObjectID != 0 {
		of := store.EntryFilter{ObjectType: q.ObjectType, ObjectID: q.ObjectID}
		list.Object, err = v.nameInEntries(ctx, of, func(e store.Entry) string { return e.Object })
	}
	return list, err
}

// lastPage is the page at the end at which query has found nothing.
func (v *View) lastPage(ctx context.Context, query store.EntryQuery) (store.EntryPage, error) {
	if query.Newer {
		query.Behind, query.Newer = store.EntryPosition{}, false
		return v.db.EntryPage(ctx, &v.service.kinds, query)
	}
	query.Newer = true
	page, err := v.db.EntryPage(ctx, &v.service.kinds, query)
	page.Older = store.EntryPosition{}
	return page, err
}

// nameInEntries is how the newest entry that matches names somebody or something; "" where there is none.
func (v *View) nameInEntries(ctx context.Context, f store.EntryFilter, name func(store.Entry) string) (string, error) {
	page, err := v.db.EntryPage(ctx, &v.service.kinds, store.EntryQuery{EntryFilter: f, Limit: 1})
	if err != nil || len(page.Entries) == 0 {
		return "", err
	}
	return name(page.Entries[0]), nil
}

// withFate adds to entries whether those whom they name still exist.
func (v *View) withFate(ctx context.Context, entries []store.Entry) ([]ActivityEntry, error) {
	named := map[string][]int64{}
	for _, e := range entries {
		if e.ActorID != 0 {
			named[objectUser] = append(named[objectUser], e.ActorID)
		}
		if e.ObjectID != 0 {
			named[e.ObjectType] = append(named[e.ObjectType], e.ObjectID)
		}
	}
	there := map[string][]int64{}
	for objectType, ids := range named {
		slices.Sort(ids)
		existing, err := v.db.Existing(ctx, objectType, slices.Compact(ids))
		if err != nil {
			return nil, err
		}
		there[objectType] = existing
	}
	list := make([]ActivityEntry, len(entries))
	for i, e := range entries {
		exists := slices.Contains(there[e.ObjectType], e.ObjectID)
		list[i] = ActivityEntry{Entry: e,
			ActorGone:   e.ActorID != 0 && !slices.Contains(there[objectUser], e.ActorID),
			ObjectGone:  e.ObjectID != 0 && !exists && store.StaysUntilDeleted(e.ObjectType),
			ObjectThere: exists,
		}
	}
	return list, nil
}

// FieldChange is what an entry says about one field: what it was before and what it is now.
type FieldChange struct{ Field, Previous, New string }

// FieldChanges returns what an entry says about fields, by their names.
func FieldChanges(e store.Entry) []FieldChange {
	var list []FieldChange
	for field, values := range changesOf(e) {
		list = append(list, FieldChange{field, values[0], values[1]})
	}
	slices.SortFunc(list, func(a, b FieldChange) int { return strings.Compare(a.Field, b.Field) })
	return list
}
