package handlers

import (
	"strconv"
	"strings"

	"console/internal/account"
	"console/views"
)

// setActivityRetention saves how long the activity log is kept. The form on the page of settings confirms that nothing goes: where
// entries would, they are counted, and it is asked for again.
func (h *Console) setActivityRetention(c request) error {
	months, err := strconv.Atoi(strings.TrimSpace(c.FormValue("retention")))
	if err != nil {
		months = -1 // which is refused like other numbers
	}
	settings, err := h.account.SetActivityRetention(c.Context(), c.Confirming(), c.ID("version"), months)
	if account.RefusedBy(err, account.ChangedPreview) {
		if c.FormValue("confirm") == (account.Removal{}).Digest() {
			err = nil // it is the first time that they are told
		}
		return h.askToRemoveEntries(c, months, err)
	}
	if refused, status := formError(err); refused != nil {
		return h.renderGeneral(c, status, func(p *views.GeneralPage) { p.Activity = again(c, refused, status, p.Settings.Version) })
	}
	if err != nil {
		return err
	}
	return h.done(c, "/settings/general", "The activity log is kept "+account.Retention(settings.ActivityRetention).Kept()+".")
}

// askToRemoveEntries says how many entries would go; changed says that the last confirmation was of something else.
func (h *Console) askToRemoveEntries(c request, months int, changed error) error {
	removal, err := h.account.RemovalAfter(c.Context(), c.Actor(), months)
	if err != nil {
		return err
	}
	f, status := confirmation(c, changed)
	page := views.ActivityRetentionPage{Retention: account.Retention(months), Version: c.FormValue("version"), Removal: removal, Form: f}
	return h.renderPart(c, status, views.ActivityRetention(page), views.ActivityRetentionPart(page))
}
