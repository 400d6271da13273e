package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
	"console/store"
)

func jobOperations() []Operation {
	const get, post, ok, created = http.MethodGet, http.MethodPost, http.StatusOK, http.StatusCreated
	return []Operation{
		{post, "/users/bulk", "startBulk", "Begins a job that disables, enables or deletes several people.", created,
			handlers.SignedIn, by((*API).startBulk)},
		{post, "/users/previews/bulk", "previewBulk", "Whom a job on several people would change, and what would go with them.", ok,
			handlers.SignedIn, by((*API).previewBulk)},
		{post, "/users/import", "startImport",
			"Begins a job that adds the people of a CSV file. Those whom its preview has a problem with are left out.", created,
			handlers.Holding(permission.UsersCreate), by((*API).startImport)},
		{post, "/users/previews/import", "previewImport", "What importing a CSV file would do, line by line.", ok,
			handlers.Holding(permission.UsersCreate), by((*API).previewImport)},
		{get, "/jobs/{id}", "readJob", "How far a job has come that the token has begun.", ok,
			handlers.SignedIn, by((*API).readJob)},
		{get, "/jobs/{id}/outcomes", "listJobOutcomes", "What has become of each person of a job, in the order in which it takes them.", ok,
			handlers.SignedIn, by((*API).listJobOutcomes)},
	}
}

// job is something that goes on after the answer, for several people one after another.
type job struct {
	ID        int64      `json:"id"`
	Kind      string     `json:"kind" description:"disable, enable, delete or import."`
	Total     int        `json:"total" description:"How many people it is about."`
	Done      int        `json:"done" description:"How many of them it has dealt with, also those refused."`
	Refused   int        `json:"refused" description:"For how many it was refused; their outcomes say why."`
	CreatedAt time.Time  `json:"created_at"`
	EndedAt   *time.Time `json:"ended_at" description:"null while it runs."`
}

func (j job) location() string { return fmt.Sprint("/jobs/", j.ID) }

func jobOf(j store.Job) job {
	return job{ID: j.ID, Kind: j.Kind, Total: j.Total, Done: j.Done, Refused: j.Refused, CreatedAt: j.CreatedAt.Time(),
		EndedAt: timeOrNone(j.EndedAt)}
}

func (a *API) readJob(c handlers.Request, in object) (job, error) {
	j, err := a.account.Job(c.Context(), c.Actor(), in.ID)
	return jobOf(j), err
}

// begun is the answer to a request that begins a job, also when it is sent again.
func (a *API) begun(c handlers.Request, j store.Job, err error) (job, error) {
	if id, before := doneBefore(c, err); before {
		return a.readJob(c, object{ID: id})
	}
	return jobOf(j), err
}

// outcome is what has become of one person of a job.
type outcome struct {
	UserID int64  `json:"user_id" description:"0 where nobody came to be."`
	Name   string `json:"name"`
	Email  string `json:"email"`
	Role   string `json:"role"`
	Done   bool   `json:"done"`
	Reason string `json:"reason" description:"Why it was refused; otherwise empty."`
}

func outcomeOf(o store.Outcome) outcome {
	return outcome{UserID: o.UserID, Name: o.Name, Email: o.Email, Role: string(o.Role), Done: o.Refusal == "", Reason: o.Refusal}
}

// outcomeList is how the outcomes of a job are asked for.
type outcomeList struct {
	object
	paging
}

func (a *API) listJobOutcomes(c handlers.Request, in outcomeList) (page[outcome], error) {
	after := int(positive(in.Cursor)) - 1 // steps are counted from 0, and the cursor is the next one
	found, err := a.account.JobOutcomes(c.Context(), c.Actor(), in.ID, after, in.Limit+1)
	next := ""
	if len(found) > in.Limit {
		next = strconv.Itoa(found[in.Limit].Step)
		found = found[:in.Limit]
	}
	return pageOf(found, outcomeOf, next), err
}

// bulk says what is to be done to whom.
type bulk struct {
	Action string      `json:"action" required:"true" enum:"disable,enable,delete"`
	IDs    []int64     `json:"ids,omitempty" description:"Of the people, one by one."`
	Filter *userFilter `json:"filter,omitempty" description:"All people of the user list whom it lets pass, in place of ids."`
}

// selection refuses ids and a filter together: one of them would be forgotten.
func (b bulk) selection() (account.Selection, error) {
	if b.Filter == nil {
		return account.Selection{IDs: b.IDs}, nil
	}
	if len(b.IDs) > 0 {
		return account.Selection{}, account.Fields{"ids": "Send either ids or a filter."}.Refusal()
	}
	return account.Selection{All: true, Query: b.Filter.query()}, nil
}

// bulkOrder begins a job on several people.
type bulkOrder struct {
	bulk
	confirmed
	Total      int     `json:"total,omitempty" description:"How many people are meant, as the preview says. With a filter it has to be there; another number by now answers 409."`
	TakeOver   []int64 `json:"take_over,omitempty" description:"Shared API tokens of theirs that become yours, with the values they have."`
	RemoveFrom []int64 `json:"remove_from,omitempty" description:"Email integrations out of which their addresses are taken."`
}

func (a *API) startBulk(c handlers.Request, in bulkOrder) (job, error) {
	selection, err := in.selection()
	if err != nil {
		return job{}, err
	}
	by := creating(c, "job")
	by.Confirms = in.Confirm
	j, err := a.account.StartBulk(c.Context(), by, selection, account.BulkOrder{Action: in.Action, Announced: in.Total,
		Along: account.Along{TakeOver: in.TakeOver, RemoveFrom: in.RemoveFrom}})
	return a.begun(c, j, err)
}

// bulkPreview is whom a job on several people would change, and what would go with them.
type bulkPreview struct {
	digest
	Total   int      `json:"total" description:"How many people it would change."`
	First   []person `json:"first" description:"The first twenty of them, by id."`
	LeftOut leftOut  `json:"left_out" description:"Who is chosen and not meant: it would change nothing about them."`
	linksTaken
	TokensTotal       int          `json:"tokens_total" description:"How many shared API tokens of theirs are disabled."`
	Tokens            []endedToken `json:"tokens" description:"The first twenty of these tokens."`
	IntegrationsTotal int          `json:"integrations_total" description:"How many email integrations contain an address of theirs."`
	Integrations      []named      `json:"integrations" description:"The first twenty of these integrations."`
}

// leftOut is who cannot be meant by an action.
type leftOut struct {
	Self     bool `json:"self" description:"Nobody ends their own access."`
	Active   int  `json:"active"`
	Invited  int  `json:"invited"`
	Disabled int  `json:"disabled"`
	Gone     int  `json:"gone" description:"Those who are not there any more."`
}

func (a *API) previewBulk(c handlers.Request, in bulk) (bulkPreview, error) {
	selection, err := in.selection()
	if err != nil {
		return bulkPreview{}, err
	}
	p, err := a.account.PreviewBulk(c.Context(), c.Actor(), in.Action, selection)
	return bulkPreview{digest: digestOf(p), Total: p.Total, First: peopleOf(p.First), LeftOut: leftOut(p.Left), linksTaken: linksOf(p.Links),
		TokensTotal: p.Tokens, Tokens: endedTokensOf(p.FirstTokens), IntegrationsTotal: p.Integrations,
		Integrations: integrationNames(p.FirstIntegrations)}, err
}

// importFile is a file of people who are to be added.
type importFile struct {
	CSV             string `json:"csv" required:"true" description:"The file, at most 2 MiB. Its first line names the columns: email, first name, last name, role."`
	TenantID        int64  `json:"tenant_id" required:"true" description:"Where their roles hold."`
	SendInvitations bool   `json:"send_invitations,omitempty" description:"They are invited by mail at once; otherwise later, one by one."`
}

func (in importFile) input() account.ImportInput {
	return account.ImportInput{File: []byte(in.CSV), TenantID: in.TenantID, Send: in.SendInvitations}
}

// importFields are what the fields of an import are called elsewhere.
var importFields = map[string]string{"file": "csv"}

// importConfirmed is importFile once a preview was seen.
type importConfirmed struct {
	importFile
	confirmed
}

func (a *API) startImport(c handlers.Request, in importConfirmed) (job, error) {
	by := creating(c, "job")
	by.Confirms = in.Confirm
	j, err := a.account.StartImport(c.Context(), by, in.input())
	return a.begun(c, j, renamed(err, importFields))
}

// importPreview is a file as it is understood.
type importPreview struct {
	digest
	New      int          `json:"new" description:"How many people will be added."`
	Existing int          `json:"existing" description:"How many are there already."`
	Problems int          `json:"problems" description:"How many lines have a problem."`
	Unknown  []string     `json:"unknown_columns" description:"Columns that are not read."`
	Lines    []importLine `json:"lines"`
}

// importLine is one person of a file.
type importLine struct {
	Line      int    `json:"line"`
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Role      string `json:"role"`
	Problem   string `json:"problem" description:"Why they will not be added; empty where they will."`
}

func (a *API) previewImport(c handlers.Request, in importFile) (importPreview, error) {
	p, err := a.account.PreviewImport(c.Context(), c.Actor(), in.input())
	told := importPreview{digest: digestOf(p), New: p.New, Existing: p.Exist, Problems: p.Problems, Unknown: append([]string{}, p.Unknown...),
		Lines: []importLine{}}
	for _, l := range p.Lines {
		told.Lines = append(told.Lines, importLine{l.Line, l.Email, l.FirstName, l.LastName, string(l.Role), l.Problem})
	}
	return told, renamed(err, importFields)
}
