package account

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"console/store"
)

// An entry leaves the console as a line of JSON whose field names follow the Open Cybersecurity Schema Framework (OCSF), which
// programs that gather logs know. What it has no name for stands under unmapped. docs/audit.md describes the fields.

// lineWriter writes entries as lines of JSON. It is written by hand: with encoding/json a line takes four times as long, and an
// export has millions.
type lineWriter struct{ product string } // JSON

// newLineWriter returns a writer of lines that name a version of the console and who runs it.
func newLineWriter(brand, version string) lineWriter {
	b := appendText([]byte(`{"name":"Console","vendor_name":`), brand)
	b = appendText(append(b, `,"version":`...), version)
	return lineWriter{string(append(b, '}'))}
}

// append appends an entry to b as a line, with the line break. The order of the fields is always the same.
func (w lineWriter) append(b []byte, e *store.Entry) []byte {
	activity := ocsfActivityOf(e)
	b = strconv.AppendInt(append(b, `{"time":`...), int64(e.At), 10)
	b = append(b, activity.head...)
	b = append(b, outcomeFields[e.Outcome == Done]...)
	b = appendField(b, `,"status_detail":`, e.Outcome)
	b = appendField(b, `,"message":`, SentenceText(*e))
	b = strconv.AppendInt(append(b, `,"metadata":{"version":"`+ocsfVersion+`","uid":"`...), e.ID, 10)
	b = appendText(append(b, `","event_code":`...), e.Action)
	b = appendField(b, `,"correlation_uid":`, e.RequestID)
	b = append(append(b, `,"product":`...), w.product...)
	b = appendActor(append(b, '}'), e)
	if e.Address != "" {
		b = append(appendField(b, `,"src_endpoint":{"ip":`, e.Address), '}')
	}
	if e.UserAgent != "" {
		b = append(appendField(b, `,"http_request":{"user_agent":`, e.UserAgent), '}')
	}
	b = activity.appendTarget(b, e)
	return append(appendUnmapped(b, e), '}', '\n')
}

// outcomeFields say whether what an entry tells of was done.
var outcomeFields = map[bool]string{
	true:  `,"severity_id":1,"severity":"Informational","status_id":1,"status":"Success"`,
	false: `,"severity_id":2,"severity":"Low","status_id":2,"status":"Failure"`,
}

// appendActor appends who did it. Of visitors nothing is known.
func appendActor(b []byte, e *store.Entry) []byte {
	switch {
	case e.ActorID != 0 || e.Actor != "":
		b = appendPerson(append(b, `,"actor":{"user":{`...), e.ActorID, e.Actor)
		return append(b, `,"type_id":1,"type":"User"}}`...)
	case e.Source == string(CLI) || e.Source == string(System):
		b = appendText(append(b, `,"actor":{"user":{"name":`...), e.Source)
		return append(b, `,"type_id":3,"type":"System"}}`...)
	}
	return b
}

// appendPerson appends the id, the name and the address of somebody whom entries name as person does.
func appendPerson(b []byte, id int64, named string) []byte {
	if id != 0 {
		b = append(strconv.AppendInt(append(b, `"uid":"`...), id, 10), `",`...)
	}
	name, email := named, ""
	if at := strings.LastIndex(named, " <"); at > 0 && strings.HasSuffix(named, ">") && strings.Contains(named[at:], "@") {
		name, email = named[:at], named[at+len(" <"):len(named)-1]
	} else if strings.Contains(named, "@") {
		email = named
	}
	b = appendText(append(b, `"name":`...), name)
	return appendField(b, `,"email_addr":`, email)
}

// appendUnmapped appends what the framework has no name for.
func appendUnmapped(b []byte, e *store.Entry) []byte {
	b = appendText(append(b, `,"unmapped":{"action":`...), e.Action)
	b = appendText(append(b, `,"object_type":`...), e.ObjectType)
	b = strconv.AppendInt(append(b, `,"object_id":`...), e.ObjectID, 10)
	b = appendText(append(b, `,"object":`...), e.Object)
	b = appendChanges(append(b, `,"changes":`...), e.Changes)
	b = appendText(append(b, `,"source":`...), e.Source)
	if e.JobID != 0 {
		b = strconv.AppendInt(append(b, `,"job":`...), e.JobID, 10)
	}
	if e.TokenID != 0 {
		b = strconv.AppendInt(append(b, `,"token_id":`...), e.TokenID, 10)
		b = appendText(append(b, `,"token":`...), e.Token)
	}
	if len(e.MAC) > 0 {
		b = append(hex.AppendEncode(append(b, `,"mac":"`...), e.MAC), '"')
	}
	return append(b, '}')
}

// appendChanges appends what changed, which is JSON already. Should somebody have tampered with it, it is a text.
func appendChanges(b []byte, changes string) []byte {
	switch {
	case changes == "" || changes == "null":
		return append(b, "{}"...)
	case !json.Valid([]byte(changes)):
		return appendText(b, changes)
	case strings.ContainsAny(changes, "\r\n"):
		whole := bytes.NewBuffer(b)
		_ = json.Compact(whole, []byte(changes)) // it is valid
		return whole.Bytes()
	}
	return append(b, changes...)
}

// appendField appends a key, with what stands before it, and its text, unless that is empty.
func appendField(b []byte, key, text string) []byte {
	if text == "" {
		return b
	}
	return appendText(append(b, key...), text)
}

// appendText appends a string of JSON. What is not UTF-8 becomes U+FFFD.
func appendText(b []byte, text string) []byte {
	b = append(b, '"')
	written := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if c >= utf8.RuneSelf && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		b = append(b, text[written:i]...)
		switch {
		case c >= utf8.RuneSelf:
			b = append(b, `\ufffd`...)
		case c >= ' ':
			b = append(b, '\\', c)
		default:
			b = fmt.Appendf(b, `\u%04x`, c)
		}
		i += size
		written = i
	}
	return append(append(b, text[written:]...), '"')
}

// linesTogether is how many entries become lines at once.
const linesTogether = 1000

// EntryLines are entries as lines of JSON, in the order of their ids.
type EntryLines struct {
	Text        []byte      // each line ends with a line break
	First, Last store.Entry // zero: there are none
}

// LinesAfter returns the lines of the entries with ids above id, the first thousand of them, in memory that it may take from into.
func (s *Service) LinesAfter(ctx context.Context, id int64, into []byte) (EntryLines, error) {
	entries, err := s.db.EntriesAfter(ctx, id, linesTogether)
	if err != nil || len(entries) == 0 {
		return EntryLines{}, err
	}
	lines := EntryLines{Text: into[:0], First: entries[0], Last: entries[len(entries)-1]}
	for i := range entries {
		lines.Text = s.lines.append(lines.Text, &entries[i])
	}
	return lines, nil
}

// HasEntry says whether the database is one in which an entry had an id and, unless empty, a MAC in hexadecimal digits. It may have
// been removed since, as old entries are.
func (s *Service) HasEntry(ctx context.Context, id int64, mac string) (bool, error) {
	if id == 0 {
		return true, nil
	}
	found, err := s.db.EntriesAfter(ctx, id-1, 1)
	if err != nil || len(found) == 0 {
		return false, err
	}
	return found[0].ID > id || mac == "" || mac == hex.EncodeToString(found[0].MAC), nil
}
