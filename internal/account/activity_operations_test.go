package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"console/internal/auth"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// office is a company in which somebody works in a browser, with what operations work on. Whatever is secret in it is marked.
type office struct {
	*company
	by      Actor  // a Global Administrator, signed in
	browser Client // theirs
	ann     Actor  // an Analyst
	secrets []string
}

const officePassword = "marked password of Gwen"

// officeHash is made once: it takes 19 MiB and a core.
var officeHash = sync.OnceValue(func() string { return auth.HashPassword(officePassword) })

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{company: newCompany(t), secrets: []string{officePassword, "marked"}}
	o.hasher, o.guard = auth.NewHasher(Queue(1)), notify.NewGuard(nil)
	o.send = func(context.Context, string, notify.Settings, notify.Content, string) error { return nil }
	o.brand = "Console"
	o.passkeys = auth.NewPasskeys("Console", &url.URL{Scheme: "https", Host: "console.example.com"})
	o.exec(`UPDATE users SET password_hash = '` + officeHash() + `', password_changed_at = 1 WHERE id = 1`)
	o.ann = o.person("ann@example.com", permission.Analyst, 1)
	o.exec(`UPDATE users SET password_hash = '` + officeHash() + `' WHERE id = ` + id(o.ann.UserID))
	o.by, o.browser = o.signedIn(o.admin.UserID, store.Finished)
	return o
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

// signedIn gives somebody a session that has come to a stage.
func (o *office) signedIn(userID int64, stage store.Stage) (Actor, Client) {
	o.t.Helper()
	from := Client{Address: "192.0.2.7", UserAgent: "Mozilla/5.0 (test)", RequestID: "request"}
	token, err := transaction(ctx, o.Service, Actor{}, func(tx *Tx) (string, error) {
		session := store.Session{UserID: userID, Stage: stage, FormKey: newFormKey(), CreatedAt: tx.now}
		return tx.insertSession(ctx, &session, from)
	})
	o.must(err)
	o.secret(token)
	from.Session = auth.HashToken(token)
	session, err := o.Session(ctx, from.Session, false)
	o.must(err)
	by := session.Actor
	by.Address, by.UserAgent, by.RequestID, by.Route = from.Address, from.UserAgent, from.RequestID, "/test"
	return by, from
}

// secret notes what no entry may hold.
func (o *office) secret(values ...string) {
	for _, v := range values {
		if v != "" {
			o.secrets = append(o.secrets, v)
		}
	}
}

// authenticator gives somebody an authenticator app, and returns its code.
func (o *office) authenticator(userID int64) string {
	o.t.Helper()
	secret := auth.NewTOTPSecret()
	o.must(o.db.Update(ctx, func(tx *store.Tx) error {
		sealed := o.key.Seal([]byte(secret), AuthenticatorContext(userID))
		if err := tx.SavePendingAuthenticator(ctx, userID, 1, sealed, store.At(time.Now())); err != nil {
			return err
		}
		return tx.ConfirmAuthenticator(ctx, userID, 1, store.At(time.Now()))
	}))
	o.exec(`UPDATE users SET two_factor = 1 WHERE id = ` + id(userID))
	code, err := totp.GenerateCode(secret, time.Now())
	o.must(err)
	o.secret(secret, code)
	return code
}

// sharedToken is a token as somebody makes it.
var sharedToken = TokenInput{Name: "Sync", Kind: store.SharedToken, Permissions: []string{"users.view"}, Tenants: []int64{1}}

// sharedOf is a shared token of somebody.
func (o *office) sharedOf(by Actor) store.Token {
	o.t.Helper()
	issued := o.token(by, sharedToken)
	o.secret(issued.Value)
	return issued.Token
}

func (o *office) invited(email string) store.Invitation {
	o.t.Helper()
	user, err := o.AddUser(ctx, o.by, NewUser{Role: permission.Analyst, Email: email, TenantID: 1})
	o.must(err)
	return o.invitationOf(user)
}

func (o *office) invitationOf(user store.User) store.Invitation {
	o.t.Helper()
	invitation, err := o.db.InvitationOfUser(ctx, user.ID)
	o.must(err)
	return invitation
}

func (o *office) general() store.Account {
	o.t.Helper()
	account, err := o.db.Account(ctx)
	o.must(err)
	return account
}

func (o *office) hook() store.Integration {
	o.t.Helper()
	i, err := o.CreateIntegration(ctx, o.by, notify.KindWebhook, IntegrationInput{Name: "Hook", Active: true, Settings: notify.Settings{
		"url": "https://93.184.215.14/marked/url?marked", "method": "post", "format": "json",
		"headers": "X-Key: marked header", "request_timeout": "10", "connect_timeout": "5", "verify_tls": "1"}})
	o.must(err)
	settings, err := notify.OpenSettings(o.key, i.ID, i.Settings)
	o.must(err)
	o.secret(settings["secret"])
	return i
}

func (o *office) trigger() store.Trigger {
	o.t.Helper()
	t, err := o.CreateTrigger(ctx, o.by, TriggerInput{Name: "T", Condition: notify.ConditionUserAdded, Integrations: []int64{o.hook().ID}})
	o.must(err)
	return t.Trigger
}

func (o *office) rules() store.Group {
	o.t.Helper()
	return o.group(GroupInput{Name: "Rules", Custom: []string{"rules.view", "rules.update"}, Tenants: []int64{1}})
}

// resetLink is the token of a link to set a new password of Ann.
func (o *office) resetLink() string {
	o.t.Helper()
	token, err := transaction(ctx, o.Service, Actor{Source: System}, func(tx *Tx) (string, error) {
		token, _, err := tx.newResetLink(ctx, o.user(o.ann.UserID))
		return token, err
	})
	o.must(err)
	o.secret(token)
	return token
}

func (o *office) passkey(userID int64) int64 {
	o.t.Helper()
	k := store.Passkey{UserID: userID, CredentialID: []byte("credential"), Credential: []byte("{}"), Name: "Laptop", CreatedAt: 1}
	o.must(o.db.Update(ctx, func(tx *store.Tx) error { return tx.InsertPasskey(ctx, &k) }))
	o.exec(`UPDATE users SET two_factor = 1 WHERE id = ` + id(userID))
	return k.ID
}

// fails turns an operation that must be refused into one that succeeds.
func fails(err error) error {
	if AsRefusal(err) == nil {
		return err
	}
	return nil
}

// tried is an operation as the test runs it. It prepares, and returns what is looked at.
type tried struct {
	run     func(*office) func() error
	entries []string // what it writes, in order; nil: one, of any action that was done
	why     string   // where that is not one entry
}

// one is an operation of which one entry is expected.
func one(entry string, run func(*office) func() error) tried {
	return tried{run: run, entries: []string{entry}}
}

// none is an operation that has no entry, for a reason.
func none(why string) tried { return tried{why: why} }

// triedOperations are all operations that write. TestEveryOperationIsRecordedOnce says which are missing.
func triedOperations() map[string]tried {
	return map[string]tried{
		"AddGroupTenants": one("change group done", func(o *office) func() error {
			g, staging := o.rules(), o.tenant("Staging")
			return func() error { _, err := o.AddGroupTenants(ctx, o.by, g.ID, []int64{staging.ID}); return err }
		}),
		"AddMembers": {entries: []string{"change groups done", "change groups done"}, why: "one for each person", run: func(o *office) func() error {
			g, bob := o.rules(), o.person("bob@example.com", permission.ReadOnly, 1)
			return func() error {
				_, err := o.AddMembers(ctx, o.by, g.ID, []int64{o.ann.UserID, bob.UserID}, "")
				return err
			}
		}},
		"AddPasskey": one("add second factor failed", func(o *office) func() error { // in a browser: TestPasskeys
			_, err := o.StartPasskey(ctx, o.by, "Laptop", officePassword)
			o.must(err)
			return func() error { _, err := o.AddPasskey(ctx, o.by, []byte(`{"marked":1}`), o.browser); return fails(err) }
		}),
		"AddUser": one("add user done", func(o *office) func() error {
			return func() error {
				_, err := o.AddUser(ctx, o.by, NewUser{Role: permission.Analyst, Email: "new@example.com", TenantID: 1})
				return err
			}
		}),
		"AnswerResetRequests": one("request password reset done", func(o *office) func() error {
			o.must(o.RequestPasswordReset(ctx, "ann@example.com", o.browser))
			return func() error { _, err := o.answerNextRequest(ctx); return err }
		}),
		"ChangeInvitedRole": one("change role done", func(o *office) func() error {
			i := o.invited("new@example.com")
			return func() error { _, err := o.ChangeInvitedRole(ctx, o.by, i.ID, permission.ReadOnly); return err }
		}),
		"ChangePassword": one("change password done", func(o *office) func() error {
			in := PasswordChange{officePassword, "another marked one of hers", "another marked one of hers"}
			return func() error { _, err := o.ChangePassword(ctx, o.by, in, o.browser); return err }
		}),
		"ChangeTenant": {entries: []string{"rename tenant done", "disable tenant done"}, why: "one for each kind of change", run: func(o *office) func() error {
			t, name, enabled := o.tenant("Staging"), "Stage", false
			return func() error {
				_, err := o.ChangeTenant(ctx, o.by, t.ID, TenantChange{Name: &name, Enabled: &enabled})
				return err
			}
		}},
		"ChangeUser": {entries: []string{"edit user done", "edit profile done", "change role done", "change groups done", "disable access done"},
			why: "one for each kind of change", run: func(o *office) func() error {
				staging, phone, enabled := o.tenant("Staging"), "+49 30 1", false
				return func() error {
					_, err := o.ChangeUser(ctx, o.by, store.PlacedQuery{IDs: []int64{o.ann.UserID}}, UserChange{Names: &Names{"Annabel", "Roe"},
						Role: permission.ReadOnly, TenantID: staging.ID, Enabled: &enabled, Phone: &phone})
					return err
				}
			}},
		"ConfirmAuthenticator": one("add second factor done", func(o *office) func() error {
			o.must(o.StartAuthenticator(ctx, o.by))
			e, err := o.Enrolment(ctx, o.by)
			o.must(err)
			code, err := totp.GenerateCode(e.Secret, time.Now())
			o.must(err)
			o.secret(e.Secret, code)
			return func() error {
				done, err := o.ConfirmAuthenticator(ctx, o.by, code, officePassword, o.browser)
				o.secret(append(done.Codes, done.Token)...)
				return err
			}
		}),
		"CreateGroup": one("create group done", func(o *office) func() error {
			in := GroupInput{Name: "Rules", Custom: []string{"rules.view", "rules.update"}, Tenants: []int64{1}}
			return func() error { _, err := o.Service.CreateGroup(ctx, o.by, in); return err }
		}),
		"CreateIntegration": one("create integration done", func(o *office) func() error { return func() error { o.hook(); return nil } }),
		"CreateTenant": {entries: []string{"create tenant done", "add user done"}, why: "its first administrator is invited",
			run: func(o *office) func() error {
				return func() error {
					_, err := o.CreateTenant(ctx, o.by, "Staging", NewUser{Email: "new@example.com"})
					return err
				}
			}},
		"CreateTrigger": one("create trigger done", func(o *office) func() error {
			in := TriggerInput{Name: "T", Condition: notify.ConditionUserAdded, Integrations: []int64{o.hook().ID}}
			return func() error { _, err := o.CreateTrigger(ctx, o.by, in); return err }
		}),
		"CreateToken": one("create token done", func(o *office) func() error {
			return func() error {
				issued, err := o.CreateToken(ctx, o.by, sharedToken)
				o.secret(issued.Value)
				return err
			}
		}),
		"DeleteToken": one("delete token done", func(o *office) func() error {
			t := o.sharedOf(o.by)
			return func() error { _, err := o.DeleteToken(ctx, o.by, t.ID); return err }
		}),
		"DisableToken": one("disable token done", func(o *office) func() error {
			t := o.sharedOf(o.by)
			return func() error { _, err := o.DisableToken(ctx, o.by, t.ID); return err }
		}),
		"EnableToken": one("enable token done", func(o *office) func() error {
			t := o.sharedOf(o.by)
			_, err := o.DisableToken(ctx, o.by, t.ID)
			o.must(err)
			return func() error { _, err := o.EnableToken(ctx, o.by, t.ID); return err }
		}),
		"RenewToken": one("renew token done", func(o *office) func() error {
			t := o.sharedOf(o.by)
			return func() error {
				issued, err := o.RenewToken(ctx, o.by, t.ID, "")
				o.secret(issued.Value)
				return err
			}
		}),
		"TakeOverToken": one("take over token done", func(o *office) func() error {
			t := o.sharedOf(o.person("bea@example.com", permission.Admin, 1))
			return func() error {
				issued, err := o.TakeOverToken(ctx, o.by, t.ID, false)
				o.secret(issued.Value)
				return err
			}
		}),
		"DeleteFoundUser": one("delete user done", func(o *office) func() error {
			return func() error {
				_, err := o.DeleteFoundUser(ctx, o.by, store.PlacedQuery{IDs: []int64{o.ann.UserID}})
				return err
			}
		}),
		"DeleteGroup": one("delete group done", func(o *office) func() error {
			g := o.group(GroupInput{Name: "Rules", Custom: []string{"rules.view"}, Tenants: []int64{1}}, o.ann)
			return func() error { _, err := o.DeleteGroup(ctx, o.by, g.ID); return err }
		}),
		"DeleteIntegration": one("delete integration done", func(o *office) func() error {
			t := o.trigger()
			return func() error { return o.DeleteIntegration(ctx, o.by, t.ID) }
		}),
		"DeleteTenant": one("delete tenant done", func(o *office) func() error {
			t := o.tenant("Staging")
			_, err := o.DisableTenant(ctx, o.by, t.ID)
			o.must(err)
			return func() error { _, err := o.DeleteTenant(ctx, o.by, t.ID, "Staging"); return err }
		}),
		"DeleteTenantByID": one("delete tenant done", func(o *office) func() error {
			t := o.tenant("Staging")
			_, err := o.DisableTenant(ctx, o.by, t.ID)
			o.must(err)
			return func() error { _, err := o.DeleteTenantByID(ctx, o.by, t.ID); return err }
		}),
		"DeleteTrigger": one("delete trigger done", func(o *office) func() error {
			t := o.trigger()
			return func() error { return o.DeleteTrigger(ctx, o.by, t.ID) }
		}),
		"DeleteUser": one("delete user done", func(o *office) func() error {
			return func() error { _, err := o.DeleteUser(ctx, o.by, o.ann.UserID, "ann@example.com", Along{}); return err }
		}),
		"DeleteUserByID": one("delete user done", func(o *office) func() error {
			return func() error { _, err := o.DeleteUserByID(ctx, o.by, o.ann.UserID, Along{}); return err }
		}),
		"DisableAccess": one("disable access done", func(o *office) func() error {
			return func() error { _, err := o.DisableAccess(ctx, o.by, o.ann.UserID, Along{}); return err }
		}),
		"DisableIntegration": one("disable integration done", func(o *office) func() error {
			i := o.hook()
			return func() error { _, err := o.DisableIntegration(ctx, o.by, i.ID); return err }
		}),
		"DisableSecondFactor": one("disable 2FA done", func(o *office) func() error {
			o.authenticator(o.by.UserID)
			return func() error { _, err := o.DisableSecondFactor(ctx, o.by, officePassword, o.browser); return err }
		}),
		"DisableTenant": one("disable tenant done", func(o *office) func() error {
			t := o.tenant("Staging")
			return func() error { _, err := o.DisableTenant(ctx, o.by, t.ID); return err }
		}),
		"DisableTrigger": one("disable trigger done", func(o *office) func() error {
			t := o.trigger()
			return func() error { _, err := o.DisableTrigger(ctx, o.by, t.ID); return err }
		}),
		"DuplicateTrigger": one("create trigger done", func(o *office) func() error {
			t := o.trigger()
			return func() error { _, err := o.DuplicateTrigger(ctx, o.by, t.ID); return err }
		}),
		"EditProfile": one("edit profile done", func(o *office) func() error {
			u := o.user(o.by.UserID)
			in := Profile{FirstName: "Gwendolyn", Preferences: store.Preferences{DateFormat: "DMY", TimeZone: "UTC", Theme: "dark"}}
			return func() error { _, err := o.EditProfile(ctx, o.by, u.Version, in); return err }
		}),
		"EditUser": one("edit user done", func(o *office) func() error {
			u := o.user(o.ann.UserID)
			return func() error { _, err := o.EditUser(ctx, o.by, u.ID, u.Version, Names{"Annabel", "Roe"}); return err }
		}),
		"EnableAccess": one("enable access done", func(o *office) func() error {
			_, err := o.DisableAccess(ctx, o.by, o.ann.UserID, Along{})
			o.must(err)
			return func() error { _, err := o.EnableAccess(ctx, o.by, o.ann.UserID); return err }
		}),
		"EnableIntegration": one("enable integration done", func(o *office) func() error {
			i := o.hook()
			o.must(o.SwitchOff(ctx, i.ID))
			return func() error { _, err := o.EnableIntegration(ctx, o.by, i.ID); return err }
		}),
		"EnableTenant": one("enable tenant done", func(o *office) func() error {
			t := o.tenant("Staging")
			_, err := o.DisableTenant(ctx, o.by, t.ID)
			o.must(err)
			return func() error { _, err := o.EnableTenant(ctx, o.by, t.ID); return err }
		}),
		"EnableTrigger": one("enable trigger done", func(o *office) func() error {
			t := o.trigger()
			_, err := o.DisableTrigger(ctx, o.by, t.ID)
			o.must(err)
			return func() error { _, err := o.EnableTrigger(ctx, o.by, t.ID); return err }
		}),
		"EndSession": one("end session done", func(o *office) func() error {
			theirs, _ := o.signedIn(o.ann.UserID, store.Finished)
			return func() error { return o.EndSession(ctx, o.by, o.ann.UserID, theirs.SessionID) }
		}),
		"EndSessions": one("end sessions done", func(o *office) func() error {
			o.signedIn(o.ann.UserID, store.Finished)
			return func() error { return o.EndSessions(ctx, o.by, o.ann.UserID) }
		}),
		"ExportEntries": one("export activity done", func(o *office) func() error {
			return func() error {
				return o.ExportEntries(ctx, o.by, EntryExport{Format: "CSV"}, func() {}, func(*store.Entry) error { return nil })
			}
		}),
		"ExportUsers": one("export users done", func(o *office) func() error {
			return func() error {
				return o.ExportUsers(ctx, o.by, UserQuery{Tab: store.TabActive, Sort: store.SortName}, func() {}, func(Exported) error { return nil })
			}
		}),
		"InvitationMail": one("export invitation mail done", func(o *office) func() error {
			i := o.invited("new@example.com")
			o.exec(`UPDATE deliveries SET state = 'delivered' WHERE id = ` + id(i.MailDeliveryID))
			return func() error { _, err := o.InvitationMail(ctx, o.by, i.ID); return err }
		}),
		"InviteByLink": one("issue invitation link done", func(o *office) func() error {
			return func() error {
				issued, err := o.InviteByLink(ctx, o.by, NewUser{Role: permission.Analyst, Email: "new@example.com", TenantID: 1, Duration: "1d"})
				o.secret(issued.Token)
				return err
			}
		}),
		"NewLink": one("issue invitation link done", func(o *office) func() error {
			i := o.invited("new@example.com")
			return func() error {
				issued, err := o.NewLink(ctx, o.by, i.ID)
				o.secret(issued.Token)
				return err
			}
		}),
		"NewRecoveryCodes": one("make recovery codes done", func(o *office) func() error {
			o.authenticator(o.by.UserID)
			return func() error {
				codes, err := o.NewRecoveryCodes(ctx, o.by, officePassword)
				o.secret(codes...)
				return err
			}
		}),
		"NewSigningSecret": one("make signing secret done", func(o *office) func() error {
			i := o.hook()
			return func() error {
				_, secret, err := o.NewSigningSecret(ctx, o.by, i.ID)
				o.secret(secret)
				return err
			}
		}),
		"OwnMailbox": one("create integration done", func(o *office) func() error {
			return func() error { _, err := o.OwnMailbox(ctx, o.by); return err }
		}),
		"RemoveAuthenticator": one("disable 2FA done", func(o *office) func() error {
			o.authenticator(o.by.UserID)
			return func() error { _, err := o.RemoveAuthenticator(ctx, o.by, officePassword, o.browser); return err }
		}),
		"RemoveGroupTenant": one("change group done", func(o *office) func() error {
			g := o.rules()
			return func() error { _, err := o.RemoveGroupTenant(ctx, o.by, g.ID, 1); return err }
		}),
		"RemoveMembers": one("change groups done", func(o *office) func() error {
			g := o.group(GroupInput{Name: "Rules", Custom: []string{"rules.view"}, Tenants: []int64{1}}, o.ann)
			return func() error { _, err := o.RemoveMembers(ctx, o.by, g.ID, []int64{o.ann.UserID}); return err }
		}),
		"RemovePasskey": one("remove second factor done", func(o *office) func() error {
			o.authenticator(o.by.UserID)
			k := o.passkey(o.by.UserID)
			return func() error { _, err := o.RemovePasskey(ctx, o.by, k, officePassword, o.browser); return err }
		}),
		"RenameGroup": one("change group done", func(o *office) func() error {
			g := o.rules()
			return func() error { _, err := o.RenameGroup(ctx, o.by, g.ID, g.Version, "Rule books"); return err }
		}),
		"RenameTenant": one("rename tenant done", func(o *office) func() error {
			t := o.tenant("Staging")
			return func() error { _, err := o.RenameTenant(ctx, o.by, t.ID, 1, "Stage"); return err }
		}),
		"ReplaceInitialPassword": {entries: []string{"replace initial password done", "sign in done"}, why: "who replaces it is signed in",
			run: func(o *office) func() error {
				by, from := o.signedIn(o.ann.UserID, store.ChoosesPassword)
				return func() error {
					begun, err := o.ReplaceInitialPassword(ctx, by, "another marked one of hers", from)
					o.secret(begun.Token)
					return err
				}
			}},
		"RequestPasswordReset": {why: "it is recorded when it is answered, with what became of it", entries: []string{},
			run: func(o *office) func() error {
				return func() error { return o.RequestPasswordReset(ctx, "ann@example.com", o.browser) }
			}},
		"ResendInvitation": one("resend invitation done", func(o *office) func() error {
			i := o.invited("new@example.com")
			return func() error { _, err := o.ResendInvitation(ctx, o.by, i.ID); return err }
		}),
		"ResetPassword": one("reset password done", func(o *office) func() error {
			token := o.resetLink()
			return func() error { return o.ResetPassword(ctx, token, "another marked one of hers", o.browser) }
		}),
		"ResetSecondFactor": one("disable 2FA done", func(o *office) func() error {
			o.authenticator(o.ann.UserID)
			return func() error { _, err := o.ResetSecondFactor(ctx, o.by, o.ann.UserID, officePassword); return err }
		}),
		"PrepareKey": {why: "nothing is sealed with it before the key is rotated", entries: []string{}, run: func(o *office) func() error {
			o.sealConstant()
			return func() error { _, err := o.PrepareKey(ctx, Actor{Source: CLI}); return err }
		}},
		"RecoverAdministrator": one("recover administrator done", func(o *office) func() error {
			o.authenticator(o.ann.UserID)
			return func() error {
				recovered, err := o.RecoverAdministrator(ctx, Actor{Source: CLI}, "ann@example.com")
				o.secret(recovered.Token)
				return err
			}
		}),
		"RotateKey": one("rotate key done", func(o *office) func() error {
			o.sealConstant()
			return func() error { _, err := o.RotateKey(ctx, Actor{Source: CLI}); return err }
		}),
		"Restored": one("restore done", func(o *office) func() error {
			return func() error { _, _, err := o.Restored(ctx, Actor{Source: CLI}); return err }
		}),
		"RevokeInvitation": one("revoke invitation done", func(o *office) func() error {
			i := o.invited("new@example.com")
			return func() error { _, err := o.RevokeInvitation(ctx, o.by, i.ID); return err }
		}),
		"RunJobs": {entries: []string{"disable access done", "end disable of several done"}, why: "one for each person, one for the job",
			run: func(o *office) func() error {
				_, err := o.StartBulk(ctx, o.by, Selection{IDs: []int64{o.ann.UserID}}, BulkOrder{Action: JobDisable})
				o.must(err)
				return func() error { o.runDueJobs(ctx); return nil }
			}},
		"SendAgain": one("send again done", func(o *office) func() error {
			o.trigger()
			o.invited("new@example.com")
			o.exec(`UPDATE deliveries SET state = 'failed' WHERE event_id <> 0`)
			d := o.sent(notify.KindWebhook)[0]
			return func() error { _, err := o.SendAgain(ctx, o.by, d.ID); return err }
		}),
		"SendPasswordReset": one("send password reset done", func(o *office) func() error {
			return func() error { _, err := o.SendPasswordReset(ctx, o.by, o.ann.UserID); return err }
		}),
		"SendTestMail": one("send test mail done", func(o *office) func() error {
			return func() error { _, err := o.SendTestMail(ctx, o.by, 0); return err }
		}),
		"SetActivityRetention": one("change retention done", func(o *office) func() error {
			return func() error {
				_, err := o.SetActivityRetention(ctx, o.by, o.general().Version, int(Retentions[len(Retentions)-1]))
				return err
			}
		}),
		"SetCompany": one("change company done", func(o *office) func() error {
			return func() error { _, err := o.SetCompany(ctx, o.by, o.general().Version, "Firm", "EU"); return err }
		}),
		"SetGroupPermissions": one("change group done", func(o *office) func() error {
			g := o.rules()
			in := GroupInput{Custom: []string{"rules.view", "scanner.view"}}
			return func() error { _, err := o.SetGroupPermissions(ctx, o.by, g.ID, g.Version, in); return err }
		}),
		"SetLogoutManagement": one("change logout management done", func(o *office) func() error {
			return func() error { _, err := o.SetLogoutManagement(ctx, o.by, o.general().Version, 1800, 43200); return err }
		}),
		"SetMembership": one("change role done", func(o *office) func() error {
			u := o.user(o.ann.UserID)
			in := Membership{Version: u.Version, Role: permission.Admin, KeepGroups: true}
			return func() error { _, err := o.SetMembership(ctx, o.by, u.ID, in); return err }
		}),
		"SetSignInManagement": one("change sign-in management done", func(o *office) func() error {
			o.authenticator(o.by.UserID)
			return func() error {
				_, err := o.SetSignInManagement(ctx, o.by, true, 14, o.general().Version)
				return err
			}
		}),
		"SetUp": {entries: []string{"set up done"}, run: func(o *office) func() error {
			o.Service = newTestService(o.t)
			o.hasher = auth.NewHasher(Queue(1))
			return func() error {
				by := Actor{Source: UI, Address: "192.0.2.7", RequestID: "request", UserAgent: "Mozilla/5.0 (test)"}
				_, err := o.SetUp(ctx, by, Setup{"Firm", "EU", "Gwen", "Doe", "gwen@example.com", "marked password of hers"})
				return err
			}
		}},
		"SignIn": one("sign in done", func(o *office) func() error {
			return func() error {
				begun, err := o.SignIn(ctx, "ann@example.com", officePassword, o.browser)
				o.secret(begun.Token)
				return err
			}
		}),
		"SignInWithCode": one("sign in done", func(o *office) func() error {
			code := o.authenticator(o.ann.UserID)
			by, from := o.signedIn(o.ann.UserID, store.AwaitsSecondFactor)
			return func() error { _, err := o.SignInWithCode(ctx, by, code, from); return err }
		}),
		"SignInWithPasskey": one("sign in second factor failed", func(o *office) func() error { // in a browser: TestPasskeys
			o.passkey(o.ann.UserID)
			by, from := o.signedIn(o.ann.UserID, store.AwaitsSecondFactor)
			return func() error { _, err := o.SignInWithPasskey(ctx, by, []byte(`{"marked":1}`), from); return fails(err) }
		}),
		"SignOut": one("sign out done", func(o *office) func() error {
			return func() error { return o.SignOut(ctx, o.by, o.browser.Session) }
		}),
		"SignOutEverybody": one("sign out everybody done", func(o *office) func() error {
			return func() error { return o.SignOutEverybody(ctx, o.by) }
		}),
		"SignOutWithoutSecondFactor": one("sign out everybody without a second factor done", func(o *office) func() error {
			return func() error { return o.SignOutWithoutSecondFactor(ctx, o.by) }
		}),
		"SignUp": {entries: []string{"accept invitation done", "sign in done"}, why: "who signs up is signed in", run: func(o *office) func() error {
			issued, err := o.InviteByLink(ctx, o.by, NewUser{Role: permission.Analyst, Email: "new@example.com", TenantID: 1, Duration: "1d"})
			o.must(err)
			o.secret(issued.Token)
			from := o.browser
			from.Session = nil
			return func() error {
				_, err := o.SignUp(ctx, issued.Token, Names{"New", "Comer"}, "another marked one of hers", from)
				return err
			}
		}},
		"StartBulk": one("start disable of several done", func(o *office) func() error {
			return func() error {
				_, err := o.StartBulk(ctx, o.by, Selection{IDs: []int64{o.ann.UserID}}, BulkOrder{Action: JobDisable})
				return err
			}
		}),
		"StartImport": one("start import of several done", func(o *office) func() error {
			in := ImportInput{File: []byte("email,role\nnew@example.com,Analyst\n"), TenantID: 1}
			preview, err := o.PreviewImport(ctx, o.by, in)
			o.must(err)
			by := o.by
			by.Confirms = preview.Digest()
			return func() error { _, err := o.StartImport(ctx, by, in); return err }
		}),
		"StartPasskey": one("confirm password done", func(o *office) func() error {
			return func() error { _, err := o.StartPasskey(ctx, o.by, "Laptop", officePassword); return err }
		}),
		"SwitchOff": one("switch off integration done", func(o *office) func() error {
			i := o.hook()
			return func() error { return o.SwitchOff(ctx, i.ID) }
		}),
		"TestIntegration": one("test integration done", func(o *office) func() error {
			i := o.hook()
			return func() error {
				_, err := o.TestIntegration(ctx, o.by, notify.KindWebhook, i.ID, IntegrationInput{})
				return err
			}
		}),
		"TestTrigger": one("test trigger done", func(o *office) func() error {
			in := TriggerInput{Name: "T", Condition: notify.ConditionUserAdded, Integrations: []int64{o.hook().ID}}
			return func() error { _, err := o.TestTrigger(ctx, o.by, in); return err }
		}),
		"UpdateIntegration": one("change integration done", func(o *office) func() error {
			i := o.hook()
			in := IntegrationInput{Name: "Hook", Active: true, Settings: notify.Settings{"url": "https://93.184.215.14/marked/other",
				"headers": "X-Key: another marked header", "secret": "whsec_" + base64.StdEncoding.EncodeToString([]byte("marked secret of the hook"))}}
			o.secret(in.Settings["secret"])
			return func() error { _, err := o.UpdateIntegration(ctx, o.by, i.ID, i.Version, in); return err }
		}),
		"UpdateTrigger": one("change trigger done", func(o *office) func() error {
			t := o.trigger()
			in := TriggerInput{Name: "Other", Condition: notify.ConditionUserAdded, Integrations: []int64{t.ID}}
			return func() error { _, err := o.UpdateTrigger(ctx, o.by, t.ID, t.Version, in); return err }
		}),

		"SealIn":             none("it runs before the chain begins, and has its entry: see the tests of the chain"),
		"SetupCode":          none("it makes what the code is made of, while there is no account"),
		"StartAuthenticator": none("nothing is changed until the authenticator is confirmed"),
		"SaveSessionData":    none("what a session remembers between two pages is no change of the account"),
		"Housekeeping":       none("it removes what has run out, and changes nothing that holds"),
		"WriteAfterwards":    none("it writes refusals, of which TestRefusalsAreCounted looks, and when sessions were used"),
		"WriteTouched":       none("as WriteAfterwards"),
		"TokenActor":         none("a token that is refused is counted, as TestUnknownTokensAreSlowedAndRightOnesServed shows; one that works is no entry"),
	}
}

// calls says which functions of a package each of its functions calls, by name; methods of one name are taken together.
func calls(files []*ast.File) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, file := range files {
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || f.Body == nil {
				continue
			}
			if all[f.Name.Name] == nil {
				all[f.Name.Name] = map[string]bool{}
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				call, is := n.(*ast.CallExpr)
				if !is {
					return true
				}
				switch called := call.Fun.(type) {
				case *ast.Ident:
					if called.Name == "rehearse" { // it takes back what is done in it
						return false
					}
					all[f.Name.Name][called.Name] = true
				case *ast.SelectorExpr:
					name := called.Sel.Name
					if on, is := called.X.(*ast.SelectorExpr); is && on.Sel.Name == "db" && !slices.Contains(writesOfStore, name) {
						return true // of the store, which has names of its own
					}
					all[f.Name.Name][name] = true
				}
				return true
			})
		}
	}
	return all
}

// writesOfStore are the methods of store.DB that write.
var writesOfStore = []string{"Update", "NoteUses", "SaveSessionData"}

// reaches says whether a function calls one of others, by however many between.
func reaches(all map[string]map[string]bool, from string, wanted func(string) bool) bool {
	seen := map[string]bool{from: true}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for called := range all[queue[0]] {
			if wanted(called) {
				return true
			}
			if !seen[called] {
				seen[called] = true
				queue = append(queue, called)
			}
		}
	}
	return false
}

// writing are the exported methods of the service that write.
func writing(t *testing.T) []string {
	t.Helper()
	files := sources(t)
	all := calls(files)
	var found []string
	for _, file := range files {
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || f.Recv == nil || !f.Name.IsExported() {
				continue
			}
			if receiver, is := f.Recv.List[0].Type.(*ast.StarExpr); !is || receiver.X.(*ast.Ident).Name != "Service" {
				continue
			}
			if reaches(all, f.Name.Name, func(called string) bool {
				return slices.Contains(append([]string{"change", "changeOwn", "transaction", "changeConfirmed"}, writesOfStore...), called)
			}) {
				found = append(found, f.Name.Name)
			}
		}
	}
	return found
}

func TestEveryOperationIsRecordedOnce(t *testing.T) {
	t.Parallel()
	tries := triedOperations()
	found := writing(t)
	if len(found) < 70 {
		t.Fatalf("only %d operations are found: %v", len(found), found)
	}
	for _, name := range found {
		if _, is := tries[name]; !is {
			t.Errorf("%s writes, and nobody tries whether it is recorded: add it to triedOperations", name)
		}
	}
	for name, tried := range tries {
		if !slices.Contains(found, name) {
			t.Errorf("%s writes nothing, or is no more", name)
		}
		if (tried.run == nil || len(tried.entries) != 1) && tried.why == "" {
			t.Errorf("%s has no entry or several, and no reason", name)
		}
		if tried.run == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			run := tried.run(o)
			last, err := o.db.LastEntry(ctx)
			o.must(err)
			o.must(run())
			o.Settle(ctx)
			o.wantRecorded(last, tried.entries)
			o.wantNoSecrets()
		})
	}
}

// wantRecorded looks at the entries after one.
func (o *office) wantRecorded(last int64, want []string) {
	o.t.Helper()
	entries, err := o.db.Entries(ctx, 100)
	o.must(err)
	got := []string{}
	for _, e := range slices.Backward(entries) {
		if e.ID <= last {
			continue
		}
		got = append(got, e.Action+" "+e.Outcome)
		said := changesOf(e)
		if len(said) == 0 {
			o.t.Errorf("%s: it says nothing of what was changed", SentenceText(e))
		}
		for field, values := range said {
			if values[0] == values[1] {
				o.t.Errorf("%s: %s is as it was: %q", SentenceText(e), field, values)
			}
		}
		if e.Source == string(UI) && (e.Address == "" || e.UserAgent == "" || e.RequestID == "") {
			o.t.Errorf("%s: it does not say where from: %+v", SentenceText(e), e)
		}
		if strings.Contains(SentenceText(e), "{") {
			o.t.Errorf("the sentence is %q", SentenceText(e))
		}
		lacked := e.Action == string(actRefused) && e.ObjectType == "" // a permission, about nobody
		if !lacked && !slices.Contains(wording(e.Action).Objects, e.ObjectType) {
			o.t.Errorf("%q is about %q, which actionTable does not say", e.Action, e.ObjectType)
		}
	}
	if !slices.Equal(got, want) {
		o.t.Errorf("recorded are %q, want %q", got, want)
	}
}

// wantNoSecrets looks for what is marked, as it is, in base64, as hash.
func (o *office) wantNoSecrets() {
	o.t.Helper()
	entries, err := o.db.Entries(ctx, 1000)
	o.must(err)
	var all strings.Builder
	for _, e := range entries {
		for _, text := range []string{e.Actor, e.Object, e.Changes, e.UserAgent, e.Address, e.RequestID} {
			all.WriteString(text + "\n")
		}
	}
	for _, secret := range o.secrets {
		sum := sha256.Sum256([]byte(secret))
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString(sum[:])} {
			if len(form) > 5 && strings.Contains(all.String(), form) {
				o.t.Errorf("the entries hold %q", form)
			}
		}
	}
}

// Every form that is sent does one of the operations that are tried, or one that changes nothing.
func TestEveryPostDoesAnOperation(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../handlers/*.go")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	var files []*ast.File
	var routes *ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		if filepath.Base(path) == "routes.go" {
			routes = file
		}
	}
	changesNothing := map[string]string{
		"addReaction":   "leads to the form of a new integration, with a draft of the trigger",
		"resumeTrigger": "leads back to the editor with a draft",
		"switchTenant":  "presets the tenant of forms, which the session remembers",
	}
	all := calls(files)
	tries := triedOperations()
	writes := func(called string) bool {
		tried, is := tries[called]
		return is && (tried.run != nil || called == "StartAuthenticator")
	}
	posts := 0
	ast.Inspect(routes, func(n ast.Node) bool {
		row, is := n.(*ast.CompositeLit)
		if !is || len(row.Elts) != 4 {
			return true
		}
		if method, is := row.Elts[0].(*ast.Ident); !is || method.Name != "post" {
			return true
		}
		posts++
		var handlers []string
		ast.Inspect(row.Elts[3], func(n ast.Node) bool {
			if s, is := n.(*ast.SelectorExpr); is && s.Sel.Name != "once" {
				handlers = append(handlers, s.Sel.Name)
			}
			return true
		})
		for _, handler := range handlers {
			if !reaches(all, handler, writes) && changesNothing[handler] == "" {
				t.Errorf("%s changes nothing that is tried", handler)
			}
		}
		return true
	})
	if posts < 60 {
		t.Errorf("only %d routes are looked at", posts)
	}
	for _, handler := range slices.Sorted(maps.Keys(changesNothing)) {
		if all[handler] == nil {
			t.Errorf("%s is no more", handler)
		}
	}
}
