package handlers

import (
	"log/slog"
	"strconv"
	"time"

	"console/internal/account"
	"console/store"
)

// ActivityExport answers with entries of the activity log as a file.
type ActivityExport struct {
	Account *account.Service
	Now     func() time.Time
	Log     *slog.Logger
}

// export is how the pages answer with entries.
func (h *Console) export() ActivityExport { return ActivityExport{h.account, h.Now, h.Log} }

// exportActivityCSV answers with the entries that the list shows, as a table for people.
func (h *Console) exportActivityCSV(c request) error {
	query, wrong := activityQuery(c)
	if err := wrong.Refusal(); err != nil {
		return err
	}
	return h.export().CSV(c, query.EntryFilter)
}

// exportActivityLines answers with the entries that the list shows, as lines of JSON for programs.
func (h *Console) exportActivityLines(c request) error {
	query, wrong := activityQuery(c)
	if err := wrong.Refusal(); err != nil {
		return err
	}
	return h.export().Lines(c, query.EntryFilter)
}

// CSV answers with the entries that match, as a table for people. It returns Forbidden without activity.export.
func (x ActivityExport) CSV(c Request, filter store.EntryFilter) error {
	var entries *sheet
	err := x.Account.ExportEntries(c.Context(), c.Actor(), account.EntryExport{EntryFilter: filter, Format: "CSV"}, func() {
		entries = startSheet(c, x.name("csv"), "time (UTC)", "what happened", "actor", "object", "outcome", "source", "changes",
			"action", "object type", "address", "browser", "request id", "job", "token", "id")
	}, func(e *store.Entry) error {
		return entries.row(moment(e.At), account.SentenceText(*e), e.Actor, e.Object, e.Outcome, e.Source, account.ChangesText(e),
			account.ActionTitle(e.Action), account.ObjectTitle(e.ObjectType), e.Address, e.UserAgent, e.RequestID, numberOrNothing(e.JobID),
			e.Token, numberOrNothing(e.ID))
	})
	if entries == nil {
		return err
	}
	return entries.file.end(c, x.Log, err)
}

// Lines answers with the entries that match, as lines of JSON for programs. It returns Forbidden without activity.export.
func (x ActivityExport) Lines(c Request, filter store.EntryFilter) error {
	var file *sentFile
	var line []byte
	err := x.Account.ExportEntries(c.Context(), c.Actor(), account.EntryExport{EntryFilter: filter, Format: "NDJSON"}, func() {
		file = startFile(c, "application/x-ndjson", x.name("ndjson"))
	}, func(e *store.Entry) error {
		line = x.Account.AppendLine(line[:0], e)
		if _, err := file.Write(line); err != nil {
			return err
		}
		return file.sendEachSecond()
	})
	if file == nil {
		return err
	}
	return file.end(c, x.Log, err)
}

func (x ActivityExport) name(ending string) string {
	return "activity-" + x.Now().UTC().Format("2006-01-02") + "." + ending
}

// numberOrNothing is an id as a cell of a table.
func numberOrNothing(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}
