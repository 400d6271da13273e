package handlers

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/views"
)

func (h *Console) resendInvitation(c request, id int64) error {
	user, err := h.account.ResendInvitation(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return h.redirect(c, h.backToUsers(c), flash{Text: h.mailed("A new invitation", user) + " Earlier links no longer work.",
		Stays: h.Mailbox != nil})
}

func (h *Console) newLink(c request, id int64) error {
	issued, err := h.account.NewLink(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	page := h.issuedPage(issued)
	page.Replaced = true
	return h.renderIssued(c, page)
}

func (h *Console) revokeForm(c request, id int64) error {
	return h.askToRevoke(c, id, nil)
}

// askToRevoke asks for confirmation; changed says that the last one was of something else.
func (h *Console) askToRevoke(c request, id int64, changed error) error {
	invitation, user, err := h.account.Invitation(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	f, status := confirmation(c, changed)
	page := views.RevokePage{Pending: account.Pending{Invitation: invitation, User: user}, Form: f}
	return h.renderPart(c, status, views.RevokeInvitation(page), views.RevokeInvitationPart(page))
}

func (h *Console) revokeInvitation(c request, id int64) error {
	user, err := h.account.RevokeInvitation(c.Context(), c.Confirming(), id)
	if account.RefusedBy(err, account.ChangedPreview) {
		return h.askToRevoke(c, id, err)
	}
	if err != nil {
		return err
	}
	return h.done(c, h.backToUserList(c), "The invitation of "+user.Email+" was revoked.")
}

// invitationMail shows a mail that was kept as a file because no mail server is configured.
func (h *Console) invitationMail(c request, id int64) error {
	if h.Mailbox == nil {
		return echo.ErrNotFound
	}
	delivery, err := h.account.InvitationMail(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	mail, err := h.Mailbox.ReadMail(delivery.UUID)
	if errors.Is(err, fs.ErrNotExist) {
		return echo.ErrNotFound
	}
	if err != nil {
		return err
	}
	subject, text, _ := strings.Cut(mail, "\n\n")
	return h.render(c, http.StatusOK, views.InvitationMail(subject, text))
}
