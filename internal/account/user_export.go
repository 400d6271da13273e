package account

import (
	"context"
	"fmt"
	"strconv"

	"console/internal/permission"
	"console/store"
)

// exportTogether is how many people an export reads at once.
const exportTogether = 500

// Exported is a person as an export lists them.
type Exported struct {
	store.User
	Groups []string
}

// ExportUsers calls begin and then gives write everybody that the list in state q is about, but for those invited by
// link, without holding more than a few hundred in memory. A plain list comes in its order, a search by id. It returns
// Forbidden without users.export, before it has called begin, and the first error of write.
func (s *Service) ExportUsers(ctx context.Context, by Actor, q UserQuery, begin func(), write func(Exported) error) error {
	if err := s.Require(by, permission.UsersExport); err != nil {
		return err
	}
	_, err := change(ctx, s, by, func(tx *Tx) (struct{}, error) {
		return struct{}{}, tx.record(ctx, actExportUsers, Done, object{kind: objectUserList, name: string(q.Tab)}, exportWords(q))
	})
	if err != nil {
		return err
	}
	begin()
	if q.Filtered() {
		return s.exportMatching(ctx, q, write)
	}
	query := store.UserQuery{Tab: q.Tab, Sort: q.Sort, Descending: q.Descending, Limit: exportTogether}
	for {
		page, err := s.db.ListUsers(ctx, query)
		if err != nil {
			return err
		}
		rows, err := s.db.UsersByIDs(ctx, page.IDs)
		if err != nil {
			return err
		}
		if err := s.exportRows(ctx, rows, write); err != nil {
			return err
		}
		if page.Next.ID == 0 {
			return nil
		}
		query.Cursor = page.Next
	}
}

// exportWords say what of the list was exported.
func exportWords(q UserQuery) changes {
	said := changes{"tab": {"", string(q.Tab)}}
	for field, value := range map[string]string{"search": q.Search, "role": q.Role.Label(), "2FA": q.SecondFactor, "last auth": q.LastAuth} {
		if value != "" {
			said[field] = [2]string{"", value}
		}
	}
	if q.Group != 0 {
		said["group"] = [2]string{"", strconv.FormatInt(q.Group, 10)}
	}
	return said
}

func (s *Service) exportMatching(ctx context.Context, q UserQuery, write func(Exported) error) error {
	ids, err := s.list.Matching(ctx, q)
	for err == nil && len(ids) > 0 {
		n := min(exportTogether, len(ids))
		var rows []store.User
		if rows, err = s.db.UsersByIDs(ctx, ids[:n]); err == nil {
			err = s.exportRows(ctx, rows, write)
		}
		ids = ids[n:]
	}
	return err
}

func (s *Service) exportRows(ctx context.Context, rows []store.User, write func(Exported) error) error {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	groups, err := s.db.GroupNames(ctx, ids)
	if err != nil {
		return fmt.Errorf("read groups: %w", err)
	}
	for _, row := range rows {
		if row.JoinedAt == 0 {
			continue
		}
		if err := write(Exported{row, groups[row.ID]}); err != nil {
			return err
		}
	}
	return nil
}
