package views

import (
	"console/internal/account"
	"strconv"

	"console/store"
)

// Confirmation is a dialog that asks for the person's own password before it acts.
type Confirmation struct {
	Title, Text, Submit string
	Action, Back        string
	Danger              bool
	Confirm             string // digest of the preview that it shows; empty: it shows none
}

// NewRecoveryCodes asks before recovery codes are replaced.
var NewRecoveryCodes = Confirmation{
	Title: "New recovery codes", Text: "You get ten new codes. All codes that you have now stop working.", Submit: "Make new codes",
	Action: "/settings/profile/recovery-codes", Back: "/settings/profile",
}

// DisableOwn asks before the person's own two-factor authentication ends.
var DisableOwn = Confirmation{
	Title:  "Disable 2-factor authentication?",
	Text:   "Your authenticator app, passkeys and recovery codes are removed. Your password alone will let you in.",
	Submit: "Disable 2FA",
	Action: "/settings/profile/disable-2fa",
	Back:   "/settings/profile",
	Danger: true,
}

// RemoveAuthenticator asks before the authenticator app is removed.
var RemoveAuthenticator = Confirmation{
	Title: "Remove authenticator app", Text: "The codes of your authenticator app stop working.", Submit: "Remove",
	Action: "/settings/profile/authenticator/remove", Back: "/settings/profile", Danger: true,
}

// RemovePasskey asks before a passkey is removed.
func RemovePasskey(k store.Passkey) Confirmation {
	return Confirmation{
		Title:  "Remove passkey",
		Text:   "The passkey “" + k.Name + "” stops working here. Delete it in the device or password manager too.",
		Submit: "Remove",
		Action: passkeyPath(k),
		Back:   "/settings/profile",
		Danger: true,
	}
}

func passkeyPath(k store.Passkey) string {
	return "/settings/profile/passkeys/" + strconv.FormatInt(k.ID, 10) + "/remove"
}

// DisableSecondFactor asks before another person's two-factor authentication ends.
func DisableSecondFactor(user store.User) Confirmation {
	return Confirmation{
		Confirm: account.ResetPreview{User: user}.Digest(),
		Title:   "Disable 2-factor authentication?",
		Submit:  "Disable 2FA",
		Action:  UserPath(user.ID, "/disable-2fa"),
		Back:    usersPath,
		Danger:  true,
		Text: "The authenticator app, passkeys and recovery codes of " + user.DisplayName() + " (" + user.Role.Label() + ") are removed. " +
			"They are signed out everywhere and get a mail about it.",
	}
}
