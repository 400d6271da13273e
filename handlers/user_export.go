package handlers

import (
	"encoding/csv"
	"strings"

	"console/internal/account"
)

func (h *Console) exportUsers(c request) error {
	var sheet *csv.Writer
	err := h.account.ExportUsers(c.Context(), c.Actor(), userQuery(c), func() {
		sheet = h.startSheet(c, "users-"+h.Now().UTC().Format("2006-01-02")+".csv", "email", "first name", "last name", "role", "status",
			"2fa", "last auth", "groups")
	}, func(u account.Exported) error {
		twoFactor := "off"
		if u.SecondFactor {
			twoFactor = "on"
		}
		writeSheet(sheet, u.Email, u.FirstName, u.LastName, u.Role.Label(), string(u.Status()), twoFactor, moment(u.LastAuthAt),
			strings.Join(u.Groups, "; "))
		return sheet.Error()
	})
	if sheet == nil {
		return err
	}
	return h.endSheet(c, sheet, err)
}
