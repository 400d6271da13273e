package views

import (
	"strconv"

	"github.com/a-h/templ"

	"console/internal/account"
)

// ConfirmPage asks before something is done, and says who loses what by it.
type ConfirmPage struct {
	Title   string
	Text    string
	Action  string
	Back    string
	Submit  string
	Danger  bool
	Preview account.Preview
	Fields  [][2]string     // hidden: name and value
	Form    Form            // why the last answer was refused
	Edited  bool            // they were entered in the dialog in whose place this stands
	Offer   templ.Component // what can be done besides; nil: nothing
}

func (p ConfirmPage) form() sheetForm {
	return sheetForm{Title: p.Title, Action: p.Action, Back: p.Back, Submit: p.Submit, Danger: p.Danger, Form: p.Form,
		Confirm: p.Preview.Digest()}
}

// losing is how many people lose something, in words.
func losing(n int) string {
	switch n {
	case 0:
		return "Nobody loses access by this."
	case 1:
		return "1 person loses access by this:"
	}
	return strconv.Itoa(n) + " people lose access by this:"
}

// lostWords is what somebody loses in a tenant, in words: a few permissions by name, many by their number.
func lostWords(lost account.TenantSet) string {
	where := "in " + lost.Tenant.Name
	if lost.Tenant.ID == 0 {
		where = "in tenants made later"
	}
	words := ""
	n := 0
	for p := range lost.Set.All() {
		if n++; n > 4 {
			continue
		}
		if n > 1 {
			words += ", "
		}
		words += p.Label()
	}
	if n > 4 {
		words += " and " + strconv.Itoa(n-4) + " more"
	}
	return words + " " + where
}
