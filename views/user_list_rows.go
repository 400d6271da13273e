package views

import (
	"cmp"
	"context"
	"html"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"console/internal/permission"
	"console/store"
)

// userRows writes the rows of the user list. It is Go and not a template because it is most of what the console does
// on its busiest page; what is the same in every row is made once.
func userRows(p UsersPage) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		buffer := rowBuffers.Get().(*[]byte)
		defer rowBuffers.Put(buffer)
		rows := newRowWriter(ctx, p, (*buffer)[:0])
		for i := range p.List.Rows {
			rows.row(&p.List.Rows[i])
		}
		*buffer = rows.b
		_, err := w.Write(rows.b)
		return err
	})
}

var rowBuffers = sync.Pool{New: func() any { return new(make([]byte, 0, 128<<10)) }}

// rowWriter appends rows to b. Everything in quotes is HTML; what comes from people goes through text.
type rowWriter struct {
	b                           []byte
	name                        []byte                  // of the person whose row is being written, escaped; their address where none is known
	menus                       map[menuKind]rowPattern // those written so far
	users, invitations, profile string                  // paths
	icons                       string                  // address of the sprite, with #
	mayCreate, mayUpdate, mayDo bool
	mayDelete, mayGroup         bool
	trialMail                   bool
	self                        int64
	now                         time.Time
	zone                        *time.Location // in which the person reads times
	layout                      string
}

func newRowWriter(ctx context.Context, p UsersPage, b []byte) *rowWriter {
	f := frame(ctx)
	rows := &rowWriter{b: b, menus: map[menuKind]rowPattern{}, users: html.EscapeString(URL(ctx, "/settings/users/")), invitations: html.EscapeString(URL(ctx, "/settings/invitations/")), profile: html.EscapeString(URL(ctx, "/settings/profile")),
		icons: html.EscapeString(symbol(ctx, "")), mayCreate: f.Can.Has(permission.UsersCreate), mayUpdate: f.Can.Has(permission.UsersUpdate),
		mayDelete: f.Can.Has(permission.UsersDelete), mayGroup: f.Can.Has(permission.GroupsUpdate), trialMail: p.TrialMail, now: p.Now}
	rows.mayDo = p.maySelect(ctx)
	read := clockOf(ctx)
	rows.zone, rows.layout = read.zone, read.layout()
	if f.User != nil {
		rows.self = f.User.ID
	}
	return rows
}

func (r *rowWriter) html(parts ...string) {
	b := r.b
	for _, part := range parts {
		b = append(b, part...)
	}
	r.b = b
}

// text appends what a person typed.
func (r *rowWriter) text(s string) { r.b = appendEscaped(r.b, s) }

func appendEscaped(b []byte, s string) []byte {
	if strings.ContainsAny(s, `<>&'"`) {
		s = html.EscapeString(s)
	}
	return append(b, s...)
}

// rowPattern is HTML that differs from row to row only in an id: what stands around its places.
type rowPattern []string

// pattern returns what write appends for any id.
func (r *rowWriter) pattern(write func(id string)) rowPattern {
	const hole = "\x00" // is in no HTML
	written := len(r.b)
	write(hole)
	p := strings.Split(string(r.b[written:]), hole)
	r.b = r.b[:written]
	return p
}

func (r *rowWriter) fill(p rowPattern, id string) {
	b := append(r.b, p[0]...)
	for _, part := range p[1:] {
		b = append(append(b, id...), part...)
	}
	r.b = b
}

func (r *rowWriter) number(n int64) { r.b = strconv.AppendInt(r.b, n, 10) }

func (r *rowWriter) row(u *store.ListedUser) {
	name, disabled := u.Name(), u.DisabledAt != 0
	r.name = appendEscaped(r.name[:0], cmp.Or(name, u.Email))
	if disabled {
		r.html(`<tr class="disabled">`)
	} else {
		r.html(`<tr>`)
	}
	if r.mayDo {
		r.html(`<td class="col-select"><input type="checkbox" name="ids" form="bulk" value="`)
		r.number(u.ID)
		r.html(`" aria-label="Select `)
		r.b = append(r.b, r.name...)
		r.html(`"></td>`)
	}
	r.html(`<td class="col-name" data-label="Name">`)
	if name != "" {
		r.html(`<span class="name">`)
		r.b = append(r.b, r.name...)
		r.html(`</span>`)
	} else {
		r.html(`<span class="muted">No name yet</span>`)
	}
	if disabled {
		r.html(`<span class="visually-hidden">(disabled)</span>`)
	}
	if invited(u) {
		r.invited(u)
	}
	r.html(`</td><td class="muted" data-label="Role">`, roleLabel(u.User), `</td><td class="col-email" data-label="Email">`)
	r.text(u.Email)
	if u.SecondFactor {
		r.html(`</td><td data-label="Auth"><span class="auth auth-on">`)
		r.icon("lock")
		r.html(`2FA<span class="visually-hidden">: on</span>`)
	} else {
		r.html(`</td><td data-label="Auth"><span class="auth">`)
		r.icon("lock-open")
		r.html(`2FA<span class="visually-hidden">: off</span>`)
	}
	r.html(`</span></td><td class="muted" data-label="Last auth">`)
	r.lastAuth(u.LastAuthAt)
	r.html(`</td><td class="col-menu">`)
	if !u.Invitation.ByLink || r.mayCreate || r.mayUpdate {
		r.menu(u)
	}
	r.html(`</td></tr>`)
}

func (r *rowWriter) icon(name string) {
	r.html(`<svg class="icon" aria-hidden="true"><use href="`, r.icons, name, `"></use></svg>`)
}

func (r *rowWriter) lastAuth(at store.Millis) {
	if at == 0 {
		r.html(`Never`)
		return
	}
	t := at.Time()
	r.html(`<time datetime="`)
	r.b = t.AppendFormat(r.b, time.RFC3339)
	r.html(`" title="`)
	from := len(r.b)
	r.b = t.In(r.zone).AppendFormat(r.b, r.layout)
	to := len(r.b)
	r.html(`">`, ago(r.now, t), `<span class="visually-hidden">, `)
	r.b = append(r.b, r.b[from:to]...)
	r.html(`</span></time>`)
}

// invited says that an invitation can bring the person in: not while their access is disabled.
func invited(u *store.ListedUser) bool { return u.Invitation.ID != 0 && u.DisabledAt == 0 }

// invited says how the person was invited, and what stands in the way of their signing up.
func (r *rowWriter) invited(u *store.ListedUser) {
	r.html(`<span class="tags"><span class="tag">Invited</span>`)
	if u.Invitation.ByLink {
		r.html(`<span class="tag">By link</span>`)
	}
	until := "until "
	if u.Invitation.Expired(store.At(r.now)) {
		r.html(`<span class="tag tag-danger">Expired</span>`)
		until = "since "
	}
	r.html(`</span><span class="note">`, until, u.Invitation.ExpiresAt.Time().In(r.zone).Format(r.layout), `</span>`)
	if !u.Invitation.ByLink && u.MailState == "" {
		r.html(`<span class="note">No mail sent yet</span>`)
	}
	if trouble := mailTrouble(u); trouble != "" {
		r.html(`<span class="note note-danger">`)
		r.text(trouble)
		r.html(`</span>`)
	}
}

// menuKind is what the menus of people who are not invited differ in.
type menuKind struct{ self, disabled, twoFactor bool }

func (r *rowWriter) menu(u *store.ListedUser) {
	id := strconv.FormatInt(u.ID, 10)
	r.html(`<button type="button" class="icon-button" id="actions-`, id, `" popovertarget="menu-`, id, `" aria-label="Actions for `)
	r.b = append(r.b, r.name...)
	r.html(`">`)
	r.icon("ellipsis-vertical")
	r.html(`</button><div class="popover menu" id="menu-`, id, `" popover>`)
	if invited(u) {
		r.invitedMenu(u, id)
	} else {
		kind := menuKind{self: u.ID == r.self, disabled: u.DisabledAt != 0, twoFactor: u.SecondFactor}
		p, known := r.menus[kind]
		if !known {
			p = r.pattern(func(id string) { r.joinedMenu(kind, id) })
			r.menus[kind] = p
		}
		r.fill(p, id)
	}
	r.html(`</div>`)
}

func (r *rowWriter) joinedMenu(kind menuKind, id string) {
	if r.mayUpdate {
		r.dialog("", "user", "Edit user settings", r.users, id, "/edit")
	}
	r.access(id)
	if r.mayUpdate {
		switch {
		case !kind.twoFactor:
			r.html(`<button type="button" disabled>`)
			r.icon("lock-open")
			r.html(`Disable 2FA</button>`)
		case kind.self: // one's own is under Profile
			r.html(`<a href="`, r.profile, `">`)
			r.icon("lock-open")
			r.html(`Disable 2FA</a>`)
		default:
			r.dialog("", "lock-open", "Disable 2FA", r.users, id, "/disable-2fa")
		}
	}
	if kind.self {
		return
	}
	switch {
	case !r.mayUpdate:
	case !kind.disabled:
		r.dialog("", "toggle-left", "Disable access", r.users, id, "/disable")
	default:
		r.act("toggle-right", "Enable access", r.users, id, "/enable")
	}
	if r.mayDelete {
		r.dialog("menu-danger", "trash-2", "Delete", r.users, id, "/delete")
	}
}

// access leads to the groups of a person and to what they may do.
func (r *rowWriter) access(id string) {
	if r.mayGroup {
		r.dialog("", "users", "Groups…", r.users, id, "/groups")
	}
	r.html(`<a href="`, r.users, id, `/permissions">`)
	r.icon("shield-check")
	r.html(`Permissions</a>`)
}

func (r *rowWriter) invitedMenu(u *store.ListedUser, userID string) {
	if r.mayUpdate {
		r.dialog("", "user", "Edit user settings", r.users, userID, "/edit")
	}
	if !u.Invitation.ByLink {
		r.access(userID)
	}
	if !r.mayCreate {
		return
	}
	id := strconv.FormatInt(u.Invitation.ID, 10)
	if !u.Invitation.ByLink {
		r.act("send", "Resend", r.invitations, id, "/resend")
	}
	r.html(`<button type="submit" form="row-action" formaction="`, r.invitations, id, `/link" data-hx-post="`, r.invitations, id,
		`/link" data-hx-include="#row-action">`)
	r.icon("link")
	r.html(`New link</button>`)
	if r.mayUpdate {
		r.dialog("", "users", "Change role", r.invitations, id, "/role")
	}
	if r.trialMail && u.MailState == store.Delivered {
		r.html(`<a href="`, r.invitations, id, `/mail">`)
		r.icon("mail")
		r.html(`Read mail</a>`)
	}
	r.dialog("menu-danger", "trash-2", "Revoke", r.invitations, id, "/revoke")
}

// dialog is an entry that leads to a form, in a dialog where there is a script: target and swap stand on the table, and the
// script has htmx open it once the menu has been opened.
func (r *rowWriter) dialog(class, icon, label, base, id, action string) {
	r.html(`<a class="`, class, `" href="`, base, id, action, `" data-dialog>`)
	r.icon(icon)
	r.html(label, `</a>`)
}

// act is an entry that acts at once. Its form stands beside the table, once for all rows.
func (r *rowWriter) act(icon, label, base, id, action string) {
	r.html(`<button type="submit" form="row-action" formaction="`, base, id, action, `">`)
	r.icon(icon)
	r.html(label, `</button>`)
}
