package handlers

import (
	"strings"

	"console/internal/account"
)

func (h *Console) exportUsers(c request) error {
	query, err := chosenQuery(c)
	if err != nil {
		return err
	}
	var people *sheet
	err = h.account.ExportUsers(c.Context(), c.Actor(), query, func() {
		people = startSheet(c, "users-"+h.Now().UTC().Format("2006-01-02")+".csv", "email", "first name", "last name", "role", "status",
			"2fa", "last auth", "groups")
	}, func(u account.Exported) error {
		twoFactor := "off"
		if u.SecondFactor {
			twoFactor = "on"
		}
		return people.row(u.Email, u.FirstName, u.LastName, u.Role.Label(), string(u.Status()), twoFactor, moment(u.LastAuthAt),
			strings.Join(u.Groups, "; "))
	})
	if people == nil {
		return err
	}
	return people.file.end(c, h.Log, err)
}
