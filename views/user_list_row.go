package views

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"console/internal/permission"
	"console/store"
)

// userRow is a person of the user list as their row shows them.
type userRow struct {
	ID                string
	Path              templ.SafeURL // of their page
	Name              string        // "" where none is known
	Called            string        // their name or, without one, their address
	Email, Role       string
	SecondFactor      string // "on", "off"
	LastAuth, Exact   string // how long ago, and the time itself; no time where it was never
	Disabled, HasMenu bool
	Invitation        *invitedRow // nil: the person is not invited
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
	can, times := frame(ctx).Can, clockOf(ctx)
	path := URL(ctx, usersPath+"/")
	rows := make([]userRow, len(p.List.Rows))
	for i := range p.List.Rows {
		u := &p.List.Rows[i]
		id := strconv.FormatInt(u.ID, 10)
		row := userRow{ID: id, Path: templ.SafeURL(path + id), Name: u.Name(), Email: u.Email, Role: roleLabel(u.User), SecondFactor: "off",
			LastAuth: ago(p.Now, u.LastAuthAt.Time()), Disabled: u.DisabledAt != 0}
		row.Called = cmp.Or(row.Name, u.Email)
		row.HasMenu = !u.Invitation.ByLink || can.Has(permission.UsersCreate) || can.Has(permission.UsersUpdate)
		if u.SecondFactor {
			row.SecondFactor = "on"
		}
		if u.LastAuthAt != 0 {
			row.Exact = times.exact(u.LastAuthAt.Time())
		}
		if invited(u) {
			row.Invitation = invitation(u, p.Now, times)
		}
		rows[i] = row
	}
	return rows
}

// invited says that an invitation can bring the person in: not while their access is disabled.
func invited(u *store.ListedUser) bool { return u.Invitation.ID != 0 && u.DisabledAt == 0 }

func invitation(u *store.ListedUser, now time.Time, times clock) *invitedRow {
	row := &invitedRow{ByLink: u.Invitation.ByLink, Expired: u.Invitation.Expired(store.At(now)), Until: "until ",
		NotMailed: !u.Invitation.ByLink && u.MailState == "", Trouble: mailTrouble(u)}
	if row.Expired {
		row.Until = "since "
	}
	row.Until += times.exact(u.Invitation.ExpiresAt.Time())
	return row
}
