package account

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"console/internal/permission"
	"console/store"
)

// Limits of an import.
const (
	MaxImport      = 2 << 20 // bytes
	maxImportLines = 10_000  // people
)

// ImportLine is one person of a file, and why they will not be added.
type ImportLine struct {
	Line                       int // in the file
	Email, FirstName, LastName string
	Role                       permission.Role
	Exists                     bool   // there already, whatever their status
	Problem                    string // empty: will be added
}

// ImportPreview is a file as it was understood.
type ImportPreview struct {
	Lines                []ImportLine
	New, Exist, Problems int
}

// importWork is what an import's job holds.
type importWork struct {
	TenantID int64
	Send     bool
	People   []NewUser
}

// PreviewImport says line by line what importing a file into a tenant would do; nothing is written. It returns Invalid
// for a file that cannot be read, and Forbidden without users.create.
func (s *Service) PreviewImport(ctx context.Context, by Actor, file []byte, tenantID int64) (ImportPreview, error) {
	if err := s.Require(by, permission.UsersCreate); err != nil {
		return ImportPreview{}, err
	}
	lines, err := parseImport(file)
	if err != nil {
		return ImportPreview{}, err
	}
	return read(ctx, s, by, func(v *View) (ImportPreview, error) {
		if err := v.requireEnabled(ctx, tenantID); err != nil {
			return ImportPreview{}, err
		}
		return v.readImport(ctx, lines, tenantID)
	})
}

// StartImport begins the job that adds the new people of a file to a tenant. With send they are invited by mail now;
// without it, later, by Resend. It returns what PreviewImport returns, and Invalid where nobody would be added.
func (s *Service) StartImport(ctx context.Context, by Actor, file []byte, tenantID int64, send bool) (store.Job, error) {
	read, err := s.PreviewImport(ctx, by, file, tenantID)
	if err != nil {
		return store.Job{}, err
	}
	work := importWork{TenantID: tenantID, Send: send}
	for _, l := range read.Lines {
		if l.Problem == "" {
			work.People = append(
				work.People,
				NewUser{Role: l.Role, FirstName: l.FirstName, LastName: l.LastName, Email: l.Email, TenantID: tenantID},
			)
		}
	}
	if len(work.People) == 0 {
		return store.Job{}, invalid("file", "Nobody in this file would be added. Choose another file.")
	}
	job, err := change(ctx, s, by, func(tx *Tx) (store.Job, error) {
		if err := tx.requirePermission(permission.UsersCreate); err != nil {
			return store.Job{}, err
		}
		return tx.startJob(ctx, JobImport, work, len(work.People))
	})
	if err == nil {
		s.wakeJobs()
	}
	return job, err
}

// importSteps reads what an import's job holds.
func importSteps(encoded []byte) (step, error) {
	var work importWork
	if err := json.Unmarshal(encoded, &work); err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *Tx, i int) (fact, error) {
		in := work.People[i]
		user, refused := in.parse()
		if len(refused) > 0 {
			return fact{user: user}, refused.refusal()
		}
		added, err := tx.enlist(ctx, in, user, sending(work.Send))
		if err != nil {
			return fact{user: user}, err
		}
		return added, nil
	}, nil
}

// columns are the names that an import's first line may use.
var columns = map[string]string{
	"email": "email", "e-mail": "email", "email address": "email", "mail": "email",
	"first name": "first_name", "first_name": "first_name", "firstname": "first_name", "given name": "first_name",
	"last name": "last_name", "last_name": "last_name", "lastname": "last_name", "surname": "last_name", "family name": "last_name",
	"role": "role",
}

// parseImport reads the lines of a file, with a problem where a line cannot be understood. It accepts a byte order
// mark, comma or semicolon, quoted fields and columns in any order; columns it does not know are ignored.
func parseImport(file []byte) ([]ImportLine, error) {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	switch {
	case len(bytes.TrimSpace(file)) == 0:
		return nil, invalid("file", "Choose a file. This one is empty.")
	case len(file) > MaxImport:
		return nil, invalid("file", "A file has at most 2 MiB. Split it.")
	case !utf8.Valid(file) || bytes.ContainsRune(file, 0):
		return nil, invalid("file", "This is not a CSV file in UTF-8. Save it as “CSV UTF-8” and try again.")
	}
	first, _, _ := bytes.Cut(file, []byte("\n"))
	reader := csv.NewReader(bytes.NewReader(file))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		reader.Comma = ';'
	}
	reader.FieldsPerRecord = -1
	reader.TrimLeadingSpace = true
	header, err := reader.Read()
	if err != nil {
		return nil, unreadable(err)
	}
	places := map[string]int{}
	for i, name := range header {
		if field := columns[strings.ToLower(strings.TrimSpace(name))]; field != "" {
			places[field] = i
		}
	}
	for _, needed := range []string{"email", "role"} {
		if _, found := places[needed]; !found {
			return nil, invalid("file", "The first line must name the columns: email, first name, last name, role. There is no column “"+needed+"”.")
		}
	}
	return readLines(reader, places)
}

func readLines(reader *csv.Reader, places map[string]int) ([]ImportLine, error) {
	var lines []ImportLine
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if len(lines) == maxImportLines {
			return nil, invalid("file", "A file has at most 10,000 people. Split it.")
		}
		cell := func(field string) string {
			i, named := places[field]
			if !named || i >= len(record) {
				return ""
			}
			return strings.TrimSpace(record[i])
		}
		number, _ := reader.FieldPos(0)
		line := ImportLine{
			Line:      number,
			Email:     cell("email"),
			FirstName: cell("first_name"),
			LastName:  cell("last_name"),
			Role:      roleNamed(cell("role")),
		}
		if line.Role == "" {
			line.Problem = "There is no role “" + cell("role") + "”. Write it as under Role in the user list."
		}
		lines = append(lines, line)
	}
}

// roleNamed finds a role by its label or its key, whatever the case; "" where there is none.
func roleNamed(name string) permission.Role {
	for _, role := range permission.Roles() {
		if strings.EqualFold(name, role.Label()) || strings.EqualFold(name, string(role)) {
			return role
		}
	}
	return ""
}

func unreadable(err error) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return invalid("file", fmt.Sprintf("Line %d cannot be read: check its quotation marks.", syntax.Line))
	}
	return invalid("file", "The file cannot be read. Save it as “CSV UTF-8” and try again.")
}

// readImport says of each line what adding it would do.
func (v *View) readImport(ctx context.Context, lines []ImportLine, tenantID int64) (ImportPreview, error) {
	keys := make([]string, len(lines))
	first := map[string]int{}
	for i := range lines {
		line := &lines[i]
		user, refused := NewUser{Role: line.Role, FirstName: line.FirstName, LastName: line.LastName, Email: line.Email}.parse()
		earlier, twice := first[user.EmailKey]
		switch {
		case line.Problem != "":
		case len(refused) > 0:
			line.Problem = refused.First()
		case twice:
			line.Problem = fmt.Sprintf("The same address stands in line %d.", earlier)
		default:
			keys[i], first[user.EmailKey] = user.EmailKey, line.Line
		}
	}
	owners, err := v.db.UsersByEmailKeys(ctx, slices.Collect(maps.Keys(first)))
	if err != nil {
		return ImportPreview{}, err
	}
	forbidden := map[permission.Role]string{}
	for _, role := range permission.Roles() {
		err := v.requireGrant(ctx, role, tenantID)
		if refusal := AsRefusal(err); refusal != nil {
			forbidden[role] = refusal.Words
		} else if err != nil {
			return ImportPreview{}, err
		}
	}
	read := ImportPreview{Lines: lines}
	for i := range lines {
		line := &lines[i]
		if line.Problem == "" {
			line.Problem = forbidden[line.Role]
		}
		if user, exists := owners[keys[i]]; exists && line.Problem == "" {
			line.Exists, line.Problem = true, (taken(user)).Error()
		}
		read.count(*line)
	}
	return read, nil
}

func (r *ImportPreview) count(line ImportLine) {
	switch {
	case line.Exists:
		r.Exist++
	case line.Problem != "":
		r.Problems++
	default:
		r.New++
	}
}
