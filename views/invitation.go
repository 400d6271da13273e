package views

import "console/internal/account"

// RevokePage asks whether to take an invitation back.
type RevokePage struct {
	account.Pending
	Form Form // why the last answer was refused
}
