package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"console/internal/permission"
	"console/store"
)

// ExportEntries calls begin and then gives write every entry that matches, newest first, whatever there is of them; what it gives is
// not to be changed. The export is an entry itself, written before begin is called. It returns Forbidden without activity.export,
// before it has called begin, and the first error of write.
func (s *Service) ExportEntries(ctx context.Context, by Actor, filter EntryExport, begin func(), write func(*store.Entry) error) error {
	if err := s.Require(by, permission.ActivityExport); err != nil {
		return err
	}
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		if err := tx.requirePermission(permission.ActivityExport); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.record(ctx, actExportActivity, Done, object{kind: objectActivity}, filter.fields())
	})
	if err != nil {
		return err
	}
	begin()
	return s.eachEntry(ctx, filter.EntryFilter, write)
}

// eachEntry gives write every entry that matches, newest first, while the next ones are being read: both take about as long.
func (s *Service) eachEntry(ctx context.Context, filter store.EntryFilter, write func(*store.Entry) error) error {
	ctx, stop := context.WithCancel(ctx)
	found := make(chan []store.Entry)
	var failed error
	go func() {
		defer close(found)
		failed = s.db.EachEntry(ctx, &s.kinds, filter, func(entries []store.Entry) error {
			select {
			case found <- entries:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	defer func() {
		stop()
		for range found { // until nothing is read any more
		}
	}()
	for entries := range found {
		for i := range entries {
			if err := write(&entries[i]); err != nil {
				return err
			}
		}
	}
	return failed
}

// EntryExport says which entries are exported, in which format.
type EntryExport struct {
	store.EntryFilter
	Format string // as people call it
}

// fields are what the entry of an export says about it.
func (f EntryExport) fields() map[string][2]string {
	fields := map[string][2]string{"format": {"", f.Format}}
	set := func(name, value string) {
		if value != "" {
			fields[name] = [2]string{"", value}
		}
	}
	number := func(name string, id int64) {
		if id != 0 {
			set(name, fmt.Sprint(id))
		}
	}
	moment := func(name string, at store.Millis) {
		if at != 0 {
			set(name, at.Time().Format(time.RFC3339))
		}
	}
	number("actor id", f.ActorID)
	if f.Nobody {
		set("actor", "nobody who has an account")
	}
	number("user id", f.UserID)
	set("object type", f.ObjectType)
	number("object id", f.ObjectID)
	set("action", f.Action)
	set("outcome", f.Outcome)
	set("source", f.Source)
	number("job", f.JobID)
	moment("from", f.From)
	moment("before", f.To)
	set("search", f.Text)
	return fields
}

// AppendLine appends an entry as a line of JSON, with the line break.
func (s *Service) AppendLine(b []byte, e *store.Entry) []byte { return s.lines.append(b, e) }

// ChangesText says in one line what changed in an entry, in the order of the names of the fields: "role: Analyst → Administrator".
func ChangesText(e *store.Entry) string {
	changes := changesOf(*e)
	var text strings.Builder
	for _, field := range slices.Sorted(maps.Keys(changes)) {
		if text.Len() > 0 {
			text.WriteString("; ")
		}
		text.WriteString(field + ": ")
		if previous := changes[field][0]; previous != "" {
			text.WriteString(previous + " → ")
		}
		text.WriteString(changes[field][1])
	}
	return text.String()
}
