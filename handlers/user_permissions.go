package handlers

import (
	"cmp"

	"console/internal/account"
	"console/store"
	"console/views"
)

func (h *Console) endSessions(c request, id int64) error {
	return h.endSessionsOf(
		c,
		id,
		cmp.Or(h.cameFrom(c), views.UserTabPath(id, views.UserTabSessions)),
		"They are signed out of that browser.",
		"They are signed out everywhere.",
	)
}

// endSessionsOf signs somebody out of one browser or, without the field session_id, of all but the one that asks.
func (h *Console) endSessionsOf(c request, userID int64, back, one, all string) error {
	done, err := all, error(nil)
	if form(c, nil).Values.Has("session_id") { // also one that names no session: it does not mean all
		done, err = one, h.account.EndSession(c.Context(), c.Actor(), userID, c.ID("session_id"))
	} else {
		err = h.account.EndSessions(c.Context(), c.Actor(), userID)
	}
	if err != nil {
		return err
	}
	return h.done(c, back, done)
}

func (h *Console) sendPasswordReset(c request, id int64) error {
	user, err := h.account.SendPasswordReset(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.redirect(c, cmp.Or(h.cameFrom(c), views.UserPath(id, "")), flash{Text: h.resetMailed(user), Stays: h.Mailbox != nil})
}

// resetMailed says what becomes of a mail with a link to choose a new password.
func (h *Console) resetMailed(to store.User) string {
	if h.Mailbox != nil {
		return "The password reset for " + to.Email + " is kept as a file on the server, because no mail server is set up."
	}
	return "A password reset is on its way to " + to.Email + "."
}

// explained explains what somebody may do, in the tenant that the address or the header names.
func (h *Console) explained(c request, userID int64) (account.Explained, error) {
	tenant := c.ID("tenant_id")
	if tenant == 0 {
		tenant = h.chosenTenant(c)
	}
	return h.account.Permissions(c.Context(), c.Actor(), userID, tenant)
}
