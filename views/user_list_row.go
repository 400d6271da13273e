package views

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/a-h/templ"

	"console/internal/permission"
	"console/store"
)

// userRow is a person of the user list as their row shows them.
type userRow struct {
	ID                              string
	Path                            templ.SafeURL // of their page
	Name                            string        // "" where none is known
	Called                          string        // their name or, without one, their address
	Email, Role                     string
	LastAuth, Exact                 string // how long ago, and the time itself; no time where it was never
	Disabled, SecondFactor, HasMenu bool
	Status                          string // by which the bar of the ticked rows offers what fits; "" for active
	Selectable                      bool   // the person who reads the list can do something to several users at once
	Self                            bool   // they are in this row: nobody does it to themselves
	Invited                         bool
	Invitation                      invitedRow // of who is Invited
}

// invitedRow says how a person was invited, and what stands in the way of their signing up.
type invitedRow struct {
	ByLink, Expired bool
	Until           string // with the word that stands before a time
	NotMailed       bool
	Trouble         string // why the mail has not arrived; "" where nothing is wrong
}

// rows are the rows of the page. They are most of what the console writes on its busiest page, so what is the same in each,
// the clock and the beginnings of addresses, is found out once.
func (p UsersPage) rows(ctx context.Context) []userRow {
	f, times, selectable := frame(ctx), clockOf(ctx), p.maySelect(ctx)
	path := URL(ctx, usersPath+"/")
	rows := make([]userRow, len(p.List.Rows))
	for i := range p.List.Rows {
		u := &p.List.Rows[i]
		id := strconv.FormatInt(u.ID, 10)
		row := userRow{ID: id, Path: templ.SafeURL(path + id), Name: u.Name(), Email: u.Email, Role: roleLabel(u.User),
			LastAuth: "Never", Disabled: u.DisabledAt != 0, SecondFactor: u.SecondFactor,
			Selectable: selectable, Self: f.isOf(u.User)}
		if status := u.Status(); status != store.Active {
			row.Status = string(status)
		}
		row.Called = cmp.Or(row.Name, u.Email)
		row.HasMenu = !u.Invitation.ByLink || f.Can.Has(permission.UsersCreate) || f.Can.Has(permission.UsersUpdate)
		if u.LastAuthAt != 0 {
			row.LastAuth, row.Exact = ago(p.Now, u.LastAuthAt.Time()), times.exact(u.LastAuthAt.Time())
		}
		if invited(u) {
			row.Invited, row.Invitation = true, invitation(u, p.Now, times)
		}
		rows[i] = row
	}
	return rows
}

// invited says that an invitation can bring the person in: not while their access is disabled.
func invited(u *store.ListedUser) bool { return u.Invitation.ID != 0 && u.DisabledAt == 0 }

func invitation(u *store.ListedUser, now time.Time, times clock) invitedRow {
	row := invitedRow{ByLink: u.Invitation.ByLink, Expired: u.Invitation.Expired(store.At(now)), Until: "until ",
		NotMailed: !u.Invitation.ByLink && u.MailState == "", Trouble: mailTrouble(u)}
	if row.Expired {
		row.Until = "since "
	}
	row.Until += times.exact(u.Invitation.ExpiresAt.Time())
	return row
}

// drawn are rows as they were drawn before. The same few hundred people are looked at again and again, with the pages before and
// after, and drawing a row takes longer than everything else about it. A row is drawn from nothing but its userRow.
var drawn = struct {
	sync.RWMutex
	rows map[userRow][]byte
}{rows: map[userRow][]byte{}}

// maxDrawn is how many rows are kept, about 4 MB.
const maxDrawn = 5000

// Render writes the row.
func (r userRow) Render(ctx context.Context, w io.Writer) error {
	drawn.RLock()
	row, known := drawn.rows[r]
	drawn.RUnlock()
	if !known {
		var b bytes.Buffer
		if err := r.draw().Render(ctx, &b); err != nil {
			return err
		}
		row = b.Bytes()
		drawn.Lock()
		if len(drawn.rows) >= maxDrawn {
			clear(drawn.rows)
		}
		drawn.rows[r] = row
		drawn.Unlock()
	}
	_, err := w.Write(row)
	return err
}
