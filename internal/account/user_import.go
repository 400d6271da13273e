package account

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"console/internal/permission"
	"console/store"
)

// Limits of an import.
const (
	MaxImport      = 2 << 20 // bytes
	maxImportLines = 10_000  // people
)

// ImportInput is what the form of an import says. With Send people are invited by mail at once; without it later, by Resend.
type ImportInput struct {
	File     []byte
	TenantID int64
	Send     bool
}

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
	Text                 string   // the file as it was read: with LF at the ends of lines. Read again, it is understood the same way
	Known, Unknown       []string // names of the columns that were read, and of those that were not
	Lines                []ImportLine
	New, Exist, Problems int
	TenantID             int64
	Send                 bool
}

// Digest tells the preview from one of something else: a line that comes to something else is enough.
func (p ImportPreview) Digest() string { return digestOf(p.TenantID, p.Send, p.Lines) }

// work are the people who will be added.
func (p ImportPreview) work() importWork {
	work := importWork{TenantID: p.TenantID, Send: p.Send}
	for _, l := range p.Lines {
		if l.Problem == "" {
			work.People = append(
				work.People,
				NewUser{Role: l.Role, FirstName: l.FirstName, LastName: l.LastName, Email: l.Email, TenantID: p.TenantID},
			)
		}
	}
	return work
}

// importWork is what an import's job holds.
type importWork struct {
	TenantID int64
	Send     bool
	People   []NewUser
}

// PreviewImport says line by line what importing a file into a tenant would do; nothing is written. It returns Invalid
// for a file that cannot be read, and Forbidden without users.create.
func (s *Service) PreviewImport(ctx context.Context, by Actor, in ImportInput) (ImportPreview, error) {
	preview, err := s.previewFile(ctx, by, in)
	if err != nil {
		return ImportPreview{}, err
	}
	return read(ctx, s, by, preview)
}

// previewFile reads the file and returns what is left to do in the database.
func (s *Service) previewFile(ctx context.Context, by Actor, in ImportInput) (func(*View) (ImportPreview, error), error) {
	if err := s.Require(by, permission.UsersCreate); err != nil {
		return nil, err
	}
	file, err := readImport(in.File)
	if err != nil {
		return nil, err
	}
	return func(v *View) (ImportPreview, error) {
		tenants, err := v.db.Tenants(ctx)
		if err == nil {
			err = requireEnabled(tenants, in.TenantID)
		}
		if err != nil {
			return ImportPreview{}, err
		}
		return v.checkImport(ctx, file, in)
	}, nil
}

// StartImport begins the job that adds the new people of a file to a tenant. On pages an import is always confirmed; programs may
// leave that. It returns ChangedPreview unless by confirms what PreviewImport says now, what that returns, and Invalid where nobody
// would be added.
func (s *Service) StartImport(ctx context.Context, by Actor, in ImportInput) (store.Job, error) {
	if err := s.requireFirst(ctx, by); err != nil {
		return store.Job{}, err
	}
	if by.Confirms == "" && by.TokenID == 0 {
		return store.Job{}, changedPreview()
	}
	look, err := s.previewFile(ctx, by, in)
	if err != nil {
		return store.Job{}, err
	}
	var work importWork
	preview := func(v *View) (ImportPreview, error) {
		now, err := look(v)
		work = now.work()
		if err == nil && len(work.People) == 0 {
			err = invalid("file", "Nobody in this file would be added. Choose another file.")
		}
		return now, err
	}
	job, err := changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.Job, error) {
		if err := tx.requirePermission(permission.UsersCreate); err != nil {
			return store.Job{}, err
		}
		if by.Confirms == "" { // nobody has looked who is there already
			if _, err := preview(&tx.View); err != nil {
				return store.Job{}, err
			}
		}
		tenant, err := tx.db.TenantByID(ctx, in.TenantID)
		if err != nil {
			return store.Job{}, err
		}
		job, err := tx.startJob(ctx, JobImport, work, len(work.People))
		if err != nil {
			return store.Job{}, err
		}
		return tx.recordJob(ctx, job, changes{"tenant": {"", tenant.Name}, "invitations sent at once": {"", yesOrNo(in.Send)}})
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
			return fact{user: user}, refused.Refusal()
		}
		added, err := tx.enlist(ctx, in, user, sending(work.Send))
		if err != nil {
			return fact{user: user}, err
		}
		return added, nil
	}, nil
}

// checkImport says of each line what adding it would do.
func (v *View) checkImport(ctx context.Context, file importFile, in ImportInput) (ImportPreview, error) {
	lines := slices.Clone(file.lines) // those of the file stay as they were read: they may be checked twice
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
		err := v.requireGrant(ctx, role, in.TenantID)
		if refusal := AsRefusal(err); refusal != nil {
			forbidden[role] = refusal.Words
		} else if err != nil {
			return ImportPreview{}, err
		}
	}
	read := ImportPreview{
		Text: file.text, Known: file.known, Unknown: file.unknown, Lines: lines, TenantID: in.TenantID, Send: in.Send,
	}
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
