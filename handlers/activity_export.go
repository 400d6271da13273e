package handlers

import (
	"strconv"

	"console/internal/account"
	"console/store"
)

// exportActivityCSV answers with the entries that the list shows, as a table for people.
func (h *Console) exportActivityCSV(c request) error {
	var entries *sheet
	which := account.EntryExport{EntryFilter: activityQuery(c).EntryFilter, Format: "CSV"}
	err := h.account.ExportEntries(c.Context(), c.Actor(), which, func() {
		entries = startSheet(c, h.activityFile("csv"), "time (UTC)", "what happened", "actor", "object", "outcome", "source", "changes",
			"action", "object type", "address", "browser", "request id", "job", "id")
	}, func(e *store.Entry) error {
		return entries.row(moment(e.At), account.SentenceText(*e), e.Actor, e.Object, e.Outcome, e.Source, account.ChangesText(e),
			account.ActionTitle(e.Action), account.ObjectTitle(e.ObjectType), e.Address, e.UserAgent, e.RequestID, numberOrNothing(e.JobID),
			numberOrNothing(e.ID))
	})
	if entries == nil {
		return err
	}
	return h.endFile(c, entries.file, err)
}

// exportActivityLines answers with the entries that the list shows, as lines of JSON for programs.
func (h *Console) exportActivityLines(c request) error {
	var file *sentFile
	var line []byte
	which := account.EntryExport{EntryFilter: activityQuery(c).EntryFilter, Format: "NDJSON"}
	err := h.account.ExportEntries(c.Context(), c.Actor(), which, func() {
		file = startFile(c, "application/x-ndjson", h.activityFile("ndjson"))
	}, func(e *store.Entry) error {
		line = h.account.AppendLine(line[:0], e)
		if _, err := file.Write(line); err != nil {
			return err
		}
		return file.sendEachSecond()
	})
	if file == nil {
		return err
	}
	return h.endFile(c, file, err)
}

func (h *Console) activityFile(ending string) string {
	return "activity-" + h.Now().UTC().Format("2006-01-02") + "." + ending
}

// numberOrNothing is an id as a cell of a table.
func numberOrNothing(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}
