package views

import "console/store"

// RevokePage asks whether to take an invitation back.
type RevokePage struct {
	Invitation store.Invitation
	User       store.User
}
