package api

import (
	"net/http"
	"slices"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/input"
	"console/internal/permission"
	"console/store"
)

func activityOperations() []Operation {
	return []Operation{
		{http.MethodGet, "/activity", "listActivity",
			"The activity log, the newest entries first; next leads to older ones. A long search answers what it has found so far: a page " +
				"can be empty and have a next one.", http.StatusOK,
			handlers.Holding(permission.ActivityView), by((*API).listActivity)},
		{http.MethodGet, "/activity/export.csv", "exportActivityCSV",
			"All entries that match, as a table for people. The export is an entry itself.", http.StatusOK,
			handlers.Holding(permission.ActivityExport), file("text/csv", (*API).exportActivityCSV)},
		{http.MethodGet, "/activity/export.ndjson", "exportActivityLines",
			"All entries that match, as lines of JSON in the form of OCSF. The export is an entry itself.", http.StatusOK,
			handlers.Holding(permission.ActivityExport), file("application/x-ndjson", (*API).exportActivityLines)},
		{http.MethodGet, "/activity/{id}", "readActivity", "An entry of the activity log.", http.StatusOK,
			handlers.Holding(permission.ActivityView), by((*API).readActivity)},
	}
}

// activityFilter is which entries are asked for.
type activityFilter struct {
	Search     string    `query:"q" json:"-" description:"Words that all stand in what the entry names: actor, object, address or request id."`
	ActorID    int64     `query:"actor_id" json:"-" description:"Done by this person."`
	Nobody     bool      `query:"nobody" json:"-" description:"Done by nobody who has an account: the system, the command line, visitors."`
	UserID     int64     `query:"user_id" json:"-" description:"Done by this person or to them."`
	ObjectType string    `query:"object_type" json:"-" enum:"user,group,tenant,account,trigger,integration,delivery,token,user list,job,activity log,database"`
	ObjectID   int64     `query:"object_id" json:"-" description:"Of an object of object_type."`
	Action     string    `query:"action" json:"-" description:"As in entries, such as disable access."`
	Outcome    string    `query:"outcome" json:"-" enum:"done,failed,refused"`
	Source     string    `query:"source" json:"-" enum:"UI,API token,CLI,System"`
	JobID      int64     `query:"job_id" json:"-" description:"Done by this job."`
	From       time.Time `query:"from" json:"-" description:"At this time or later."`
	To         time.Time `query:"to" json:"-" description:"Before this time."`
}

// entries is the filter as the account takes it.
func (f activityFilter) entries() (store.EntryFilter, error) {
	wrong := account.Fields{}
	if f.ObjectID != 0 && f.ObjectType == "" {
		wrong["object_id"] = "Say the object_type, too: each type has ids of its own."
	}
	if f.Action != "" && !slices.ContainsFunc(account.Actions(), func(a account.Action) bool { return a.Name == f.Action }) {
		wrong["action"] = "There is no such action. docs/audit.md lists those there are."
	}
	filter := store.EntryFilter{ActorID: f.ActorID, Nobody: f.Nobody, UserID: f.UserID, ObjectType: f.ObjectType, ObjectID: f.ObjectID,
		Action: f.Action, Outcome: f.Outcome, Source: f.Source, JobID: f.JobID, Text: input.Line(f.Search)}
	if !f.From.IsZero() {
		filter.From = max(store.At(f.From), 0)
	}
	if !f.To.IsZero() {
		filter.To = max(store.At(f.To), 1)
	}
	return filter, wrong.Refusal()
}

// entry is an entry of the activity log.
type entry struct {
	ID         int64         `json:"id"`
	At         time.Time     `json:"at"`
	Sentence   string        `json:"sentence" description:"What happened, for people."`
	Action     string        `json:"action"`
	Outcome    string        `json:"outcome" enum:"done,failed,refused"`
	ActorID    int64         `json:"actor_id" description:"0 where nobody who has an account has done it."`
	Actor      string        `json:"actor" description:"As they were called then."`
	ActorGone  bool          `json:"actor_gone" description:"They have been deleted since."`
	ObjectType string        `json:"object_type"`
	ObjectID   int64         `json:"object_id"`
	Object     string        `json:"object" description:"As it was called then."`
	ObjectGone bool          `json:"object_gone" description:"It has been deleted since."`
	Source     string        `json:"source"`
	Address    string        `json:"address"`
	UserAgent  string        `json:"user_agent"`
	RequestID  string        `json:"request_id"`
	JobID      int64         `json:"job_id" description:"The job that did it; 0 without one."`
	TokenID    int64         `json:"token_id" description:"The API token that did it; 0 without one."`
	Token      string        `json:"token" description:"As it was called then."`
	Changes    []fieldChange `json:"changes" description:"In words. Of secrets it only says that they were changed."`
}

// fieldChange is what an entry says of a field.
type fieldChange struct {
	Field    string `json:"field"`
	Previous string `json:"previous"`
	New      string `json:"new"`
}

func entryOf(e account.ActivityEntry) entry {
	shown := entry{ID: e.ID, At: e.At.Time(), Sentence: account.SentenceText(e.Entry), Action: e.Action, Outcome: e.Outcome,
		ActorID: e.ActorID, Actor: e.Actor, ActorGone: e.ActorGone, ObjectType: e.ObjectType, ObjectID: e.ObjectID, Object: e.Object,
		ObjectGone: e.ObjectGone, Source: e.Source, Address: e.Address, UserAgent: e.UserAgent, RequestID: e.RequestID, JobID: e.JobID,
		TokenID: e.TokenID, Token: e.Token, Changes: []fieldChange{}}
	for _, change := range account.FieldChanges(e.Entry) {
		shown.Changes = append(shown.Changes, fieldChange(change))
	}
	return shown
}

// activityList is how the activity log is asked for.
type activityList struct {
	paging
	activityFilter
}

func (a *API) listActivity(c handlers.Request, in activityList) (page[entry], error) {
	filter, err := in.entries()
	if err != nil {
		return page[entry]{}, err
	}
	list, err := a.account.Activity(c.Context(), c.Actor(), account.ActivityQuery{EntryFilter: filter, Cursor: in.Cursor, Limit: in.Limit})
	return pageOf(list.Entries, entryOf, list.Older), err
}

func (a *API) readActivity(c handlers.Request, in object) (entry, error) {
	e, err := a.account.Entry(c.Context(), c.Actor(), in.ID)
	return entryOf(e), err
}

func (a *API) exportActivityCSV(c handlers.Request, in activityFilter) error {
	filter, err := in.entries()
	if err != nil {
		return err
	}
	return a.export.CSV(c, filter)
}

func (a *API) exportActivityLines(c handlers.Request, in activityFilter) error {
	filter, err := in.entries()
	if err != nil {
		return err
	}
	return a.export.Lines(c, filter)
}
