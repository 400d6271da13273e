package account

import (
	"testing"

	"console/internal/permission"
)

// TestFC150_ChangesJustBeforeTheTransactionCount lets something happen between reading the preview and the transaction.
func TestFC150_ChangesJustBeforeTheTransactionCount(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	ctx := t.Context()
	ann := c.person("ann@example.com", permission.Analyst, 1)
	group := c.group(GroupInput{Name: "Watchers", Custom: []string{"triggers.view", "rules.update", "rules.view"}, Tenants: []int64{1}}, ann)
	confirm := func(meanwhile func()) (read int, err error) {
		seen, err := c.PreviewDeleteGroup(ctx, c.admin, group.ID)
		c.must(err)
		by := c.admin
		by.Confirms = seen.Digest()
		_, err = changeConfirmed(ctx, c.Service, by, func(v *View) (Preview, error) {
			preview, err := v.previewRemoved(ctx, group.ID)
			if read++; read == 1 {
				meanwhile()
			}
			return preview, err
		}, func(*Tx) (struct{}, error) { return struct{}{}, nil })
		return read, err
	}
	if read, err := confirm(func() {}); read != 1 || err != nil {
		t.Errorf("where nothing happens, it is read %d times: %v", read, err)
	}
	bob := c.person("bob@example.com", permission.Analyst, 1)
	if read, err := confirm(func() { _, err := c.AddMembers(ctx, c.admin, group.ID, []int64{bob.UserID}, ""); c.must(err) }); read != 2 ||
		!RefusedBy(err, ChangedPreview) {
		t.Errorf("somebody was added; it was read %d times: %v", read, err)
	}
	if read, err := confirm(func() { c.person("eve@example.com", permission.Analyst, 1) }); read != 2 || err != nil {
		t.Errorf("something else happened; it was read %d times: %v", read, err)
	}
}
