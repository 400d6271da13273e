package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"console/internal/auth"
	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// MailInvitationLasts is how long the link in an invitation mail works.
const MailInvitationLasts = 7 * 24 * time.Hour

// LinkDurations are how long a link made by hand may last, by the value of the form field.
var LinkDurations = map[string]time.Duration{
	"1h": time.Hour, "1d": 24 * time.Hour, "3d": 3 * 24 * time.Hour, "7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour,
}

// NewUser is a person to be added or invited. TenantID says where the role holds; Global roles hold everywhere.
type NewUser struct {
	Role                       permission.Role
	FirstName, LastName, Email string
	TenantID                   int64
	Groups                     []int64 // to be in besides, when added
	Duration                   string  // of a link made by hand, a key of LinkDurations

	Password string // an initial one, with which they are Active at once; empty: they are invited. Only AddUser looks at it
	Disabled bool   // their access is disabled from the start, which takes a password or a role that never signs in
	Phone    string
}

// Issued is a signup link. The token is shown once and stored nowhere.
type Issued struct {
	Token      string
	User       store.User
	Invitation store.Invitation
}

// AddUser adds a person to the user list as Invited, in the automatic group of their role, and queues the mail with
// their signup link. People with the role Deploy get no mail: they are Active at once and never sign in. It returns
// Whoever is given an initial password is Active at once, too, and gets no mail: their first sign-in asks for another one. It returns
// Invalid, Taken, auth.ErrBusy or Forbidden (rule "may grant").
func (s *Service) AddUser(ctx context.Context, by Actor, in NewUser) (store.User, error) {
	user, refused := in.parse()
	if len(refused) > 0 {
		return store.User{}, refused.Refusal()
	}
	if in.Password != "" && user.Role.SignsIn() {
		if err := s.requireFirst(ctx, by); err != nil {
			return store.User{}, err
		}
		if err := s.giveInitialPassword(ctx, by, in, &user); err != nil {
			return store.User{}, err
		}
	}
	return change(ctx, s, by, func(tx *Tx) (store.User, error) {
		added, err := tx.enlist(ctx, in, user, byMailNow)
		if err != nil {
			return store.User{}, err
		}
		if err := tx.announce(ctx, added); err != nil || !in.Disabled {
			return added.user, err
		}
		disabled, err := tx.disable(ctx, added.user.ID)
		if err != nil {
			return store.User{}, err
		}
		return disabled.user, tx.announce(ctx, disabled)
	})
}

// minInitialPassword is how many characters an initial password needs. Until it is replaced it opens nothing but the page that
// replaces it, so it is not held against the account's policy.
const minInitialPassword = 8

// giveInitialPassword hashes the initial password of a person to be added, for those who may add people.
func (s *Service) giveInitialPassword(ctx context.Context, by Actor, in NewUser, user *store.User) error {
	refused := Fields{}
	if reason := input.RefusePassword(in.Password, minInitialPassword); reason != "" {
		refused["password"] = reason
	}
	if user.FirstName == "" {
		refused["first_name"] = "Enter a first name."
	}
	if len(refused) > 0 {
		return refused.Refusal()
	}
	hash, err := s.hashPassword(ctx, in.Password, known("user", by.UserID), func() error {
		_, err := read(ctx, s, by, func(v *View) (struct{}, error) { return struct{}{}, v.requireNew(ctx, in, *user) })
		return err
	})
	user.PasswordHash, user.PasswordInitial = hash, true
	return err
}

// sending is whether the invitation of a new person is mailed at once.
type sending bool

const (
	byMailNow sending = true
	later     sending = false // it waits to be sent by hand
)

// enlist adds a person as Invited, or as Active where the role never signs in.
func (tx *Tx) enlist(ctx context.Context, in NewUser, user store.User, send sending) (fact, error) {
	if err := tx.requireNew(ctx, in, user); err != nil {
		return fact{}, err
	}
	user.CreatedAt, user.JoinedAt = tx.now, tx.now
	if !user.Role.SignsIn() || user.PasswordInitial {
		user.ActivatedAt = tx.now
	}
	if user.PasswordInitial {
		user.PasswordChangedAt = tx.now
	}
	if err := tx.db.InsertUser(ctx, &user); err != nil {
		return fact{}, err
	}
	if err := tx.join(ctx, user, in.TenantID); err != nil {
		return fact{}, err
	}
	if err := tx.enterNew(ctx, user, in.Groups); err != nil {
		return fact{}, err
	}
	invited := "none: this role never signs in"
	if user.PasswordInitial {
		invited = "none: a password was given"
	}
	if user.ActivatedAt == 0 {
		invited = "to be sent later"
		invitation := tx.newInvitation(user, store.Invitation{Duration: MailInvitationLasts})
		var err error
		if send == byMailNow {
			err = tx.mailInvitation(ctx, user, &invitation)
			invited = invitedUntil(invitation)
		} else {
			err = tx.db.InsertInvitation(ctx, &invitation)
		}
		if err != nil {
			return fact{}, err
		}
	}
	added, err := tx.membership(ctx, user)
	if err != nil {
		return fact{}, err
	}
	return tx.happened(notify.ConditionUserAdded, user), tx.recordChange(ctx, actAddUser, object{}, added.with("invitation", invited))
}

// enterNew puts a new person into groups besides the automatic one. That is membership, and asks for groups.update.
func (tx *Tx) enterNew(ctx context.Context, user store.User, groups []int64) error {
	if len(groups) == 0 {
		return nil
	}
	if err := tx.requirePermission(permission.GroupsUpdate); err != nil {
		return err
	}
	for _, id := range groups {
		if err := tx.enter(ctx, user, id); err != nil {
			return err
		}
	}
	return nil
}

// InviteByLink makes a signup link to be shared by hand. The person is listed under Invited only and joins the user
// list when they sign up. It returns Invalid, Taken or Forbidden (rule "may grant").
func (s *Service) InviteByLink(ctx context.Context, by Actor, in NewUser) (Issued, error) {
	return change(ctx, s, by, func(tx *Tx) (Issued, error) { return tx.offerLink(ctx, in) })
}

func (tx *Tx) offerLink(ctx context.Context, in NewUser) (Issued, error) {
	user, refused := in.parse()
	if LinkDurations[in.Duration] == 0 {
		refused["duration"] = "Choose how long the link lasts."
	}
	if user.Role == permission.Deploy {
		refused["role"] = "People with the role Deploy never sign in, so they need no link. Add them as users."
	}
	if len(refused) > 0 {
		return Issued{}, refused.Refusal()
	}
	if err := tx.requireNew(ctx, in, user); err != nil {
		return Issued{}, err
	}
	user.CreatedAt = tx.now
	if err := tx.db.InsertUser(ctx, &user); err != nil {
		return Issued{}, err
	}
	invitation := tx.newInvitation(user, store.Invitation{ByLink: true, TenantID: in.TenantID, Duration: LinkDurations[in.Duration]})
	token, err := tx.issueLink(ctx, &invitation, tx.by.UserID)
	if err != nil {
		return Issued{}, err
	}
	made := userObject(user).with("signup link", invitedUntil(invitation))
	if !user.Role.Global() {
		tenant, err := tx.db.TenantByID(ctx, in.TenantID)
		if err != nil {
			return Issued{}, err
		}
		made = made.with("tenant", tenant.Name)
	}
	return Issued{token, user, invitation}, tx.recordChange(ctx, actIssueLink, object{}, made)
}

// ResendInvitation mails a fresh link, good for another seven days; earlier links say that they were replaced. It
// returns NotByMail, InvitedDisabled, Forbidden, Joined, or NotFound once the invitation was revoked.
func (s *Service) ResendInvitation(ctx context.Context, by Actor, id int64) (store.User, error) {
	return change(ctx, s, by, func(tx *Tx) (store.User, error) { return tx.renewMail(ctx, id) })
}

func (tx *Tx) renewMail(ctx context.Context, id int64) (store.User, error) {
	invitation, user, err := tx.issuable(ctx, id)
	if err != nil {
		return store.User{}, err
	}
	if invitation.ByLink {
		return store.User{}, Refuse(NotByMail)
	}
	return user, tx.mailAnew(ctx, invitation, user)
}

// NewLink makes a fresh link for a pending invitation, to be shared by hand; earlier links say that they were
// replaced, and a mail that still waits is not sent. It returns InvitedDisabled, Forbidden, Joined or NotFound.
func (s *Service) NewLink(ctx context.Context, by Actor, id int64) (Issued, error) {
	return change(ctx, s, by, func(tx *Tx) (Issued, error) { return tx.renewLink(ctx, id) })
}

func (tx *Tx) renewLink(ctx context.Context, id int64) (Issued, error) {
	invitation, user, err := tx.issuable(ctx, id)
	if err != nil {
		return Issued{}, err
	}
	if err := tx.db.CancelLinkMails(ctx, user.ID, tx.now, "replaced by a link made by hand"); err != nil {
		return Issued{}, err
	}
	if invitation.ByLink { // who makes the link answers for it
		invitation.InviterID, invitation.InviterName, invitation.InviterEmail = tx.by.UserID, tx.by.Name, tx.by.Email
	}
	token, err := tx.issueLink(ctx, &invitation, tx.by.UserID)
	if err != nil {
		return Issued{}, err
	}
	return Issued{token, user, invitation}, tx.record(ctx, actIssueLink, Done, userObject(user), changes{
		"signup link": {"replaced", invitedUntil(invitation)}})
}

// invitedUntil says how long the link of an invitation works.
func invitedUntil(i store.Invitation) string { return "until " + moment(i.ExpiresAt) }

// RevokeInvitation ends a pending invitation: its links no longer work, and the person leaves the list. The address
// can be invited again, as a new person. It returns Forbidden, Joined or NotFound.
func (s *Service) RevokeInvitation(ctx context.Context, by Actor, id int64) (store.User, error) {
	return change(ctx, s, by, func(tx *Tx) (store.User, error) { return tx.withdrawInvitation(ctx, id) })
}

func (tx *Tx) withdrawInvitation(ctx context.Context, id int64) (store.User, error) {
	invitation, user, err := tx.pendingInvitation(ctx, id, permission.UsersCreate)
	if err == nil {
		err = tx.requireConfirmed(Pending{invitation, user})
	}
	if err != nil {
		return store.User{}, err
	}
	if err := tx.revoke(ctx, invitation, user); err != nil {
		return store.User{}, err
	}
	return user, tx.announce(ctx, tx.happened(notify.ConditionUserDeleted, user))
}

// revoke ends an invitation and takes its person off the list.
func (tx *Tx) revoke(ctx context.Context, invitation store.Invitation, user store.User) error {
	if err := tx.db.EndSignupLinks(ctx, invitation.ID, store.LinkRevoked); err != nil {
		return err
	}
	had, err := tx.membership(ctx, user)
	if err != nil {
		return err
	}
	if err := tx.removeUser(ctx, user); err != nil {
		return err
	}
	inviter := Actor{Name: invitation.InviterName, Email: invitation.InviterEmail}
	return tx.recordEnd(ctx, actRevokeInvitation, had.with("invited by", inviter.recorded()))
}

// Invitation returns a pending invitation and its person, for those who could revoke it. It returns Forbidden, Joined
// or NotFound.
func (s *Service) Invitation(ctx context.Context, by Actor, id int64) (store.Invitation, store.User, error) {
	found, err := read(ctx, s, by, func(v *View) (Pending, error) {
		invitation, user, err := v.pendingInvitation(ctx, id, permission.UsersCreate)
		return Pending{invitation, user}, err
	})
	return found.Invitation, found.User, err
}

// Pending is an invitation with its person, before they accept it.
type Pending struct {
	Invitation store.Invitation
	User       store.User
}

// Digest tells the invitation from another, and from itself with another role.
func (p Pending) Digest() string {
	return digestOf(p.Invitation.ID, p.Invitation.ByLink, p.Invitation.TenantID, saidOf(p.User))
}

// InvitationMail returns the delivery of the newest mail of a pending invitation, for those who could issue it. It
// returns InvitedDisabled, Forbidden, or store.ErrNotFound where no mail was written.
func (s *Service) InvitationMail(ctx context.Context, by Actor, id int64) (store.Delivery, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Delivery, error) {
		invitation, user, err := tx.issuable(ctx, id)
		if err != nil {
			return store.Delivery{}, err
		}
		delivery, err := tx.db.DeliveryByID(ctx, invitation.MailDeliveryID)
		if err == nil && delivery.State != store.Delivered {
			err = store.ErrNotFound
		}
		if err != nil {
			return store.Delivery{}, err
		}
		if err := tx.db.NoteLinkReader(ctx, invitation.ID, by.UserID); err != nil {
			return store.Delivery{}, err
		}
		return delivery, tx.record(ctx, actExportInvitation, Done, userObject(user), changes{
			"mail": {"", "of " + moment(delivery.CreatedAt)}})
	})
}

// parse checks what was typed and returns the person it describes.
func (in NewUser) parse() (store.User, Fields) {
	refused := Fields{}
	user := store.User{UUID: uuid.NewString(), Role: in.Role}
	if _, known := permission.ParseRole(string(in.Role)); !known {
		refused["role"] = "Choose a role."
	}
	user.FirstName, user.LastName = input.ParseNames(in.FirstName, in.LastName, refused)
	user.Preferences = store.DefaultPreferences
	user.Phone = input.Line(in.Phone)
	var reason string
	if reason = input.RefusePhone(user.Phone); reason != "" {
		refused["phone"] = reason
	}
	if user.Email, user.EmailKey, reason = input.ParseEmail(in.Email); reason != "" {
		refused["email"] = reason
	}
	return user, refused
}

// requireNew checks that the actor may grant the role and that the address is free.
func (v *View) requireNew(ctx context.Context, in NewUser, user store.User) error {
	if err := v.requirePermission(permission.UsersCreate); err != nil {
		return err
	}
	tenants, err := v.db.Tenants(ctx)
	if err != nil {
		return err
	}
	if !user.Role.Global() {
		if err := requireEnabled(tenants, in.TenantID); err != nil {
			return err
		}
	}
	if err := v.requireAllOf(tenants, toGrant(user.Role, in.TenantID), Lack{needs: permission.UsersUpdate}); err != nil {
		return err
	}
	owner, err := v.db.UserByEmailKey(ctx, user.EmailKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return taken(owner)
}

// requireEnabled refuses a tenant that is not among these or gives no access at present.
func requireEnabled(tenants []store.Tenant, id int64) error {
	at := slices.IndexFunc(tenants, func(t store.Tenant) bool { return t.ID == id })
	switch {
	case at < 0:
		return invalid("tenant_id", "Choose a tenant.")
	case tenants[at].DisabledAt != 0:
		return invalid("tenant_id", tenants[at].Name+" is disabled. Choose another tenant.")
	}
	return nil
}

// pendingInvitation returns a pending invitation when the actor may do to its person what p allows. It returns Joined once it was
// accepted, and NotFound once it was revoked.
func (v *View) pendingInvitation(ctx context.Context, id int64, p permission.Permission) (store.Invitation, store.User, error) {
	if err := v.requirePermission(p); err != nil {
		return store.Invitation{}, store.User{}, err
	}
	invitation, err := v.db.InvitationByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = v.endedInvitation(ctx, id)
	}
	if err != nil {
		return store.Invitation{}, store.User{}, err
	}
	user, err := v.manageable(ctx, invitation.UserID, p)
	return invitation, user, err
}

// endedInvitation says what has become of an invitation that is not pending any more, which a page may still show.
func (v *View) endedInvitation(ctx context.Context, id int64) error {
	user, err := v.db.AcceptedBy(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		gone := Refuse(NotFound)
		gone.Words = "There is no such invitation any more: it was revoked, or its person was deleted. Nothing was changed now."
		return gone
	}
	if err != nil {
		return err
	}
	joined := Refuse(Joined)
	joined.Words = user.DisplayName() + " has already joined, so there is no invitation any more. Nothing was changed now."
	return joined
}

// issuable returns a pending invitation when the actor may hand out what it gives. What its person holds by it they must
// hold anyway (rule "may manage"); a Global role takes besides what it takes to give that role (rule "may grant"). It returns
// InvitedDisabled where it gives nothing at present.
func (v *View) issuable(ctx context.Context, id int64) (store.Invitation, store.User, error) {
	invitation, user, err := v.pendingInvitation(ctx, id, permission.UsersCreate)
	if err == nil && user.Role.Global() {
		err = v.requireGrant(ctx, user.Role, invitation.TenantID)
	}
	if err == nil && user.Status() == store.Disabled {
		err = Refuse(InvitedDisabled)
	}
	return invitation, user, err
}

// newInvitation is an invitation of a person by the actor, not yet stored. What it is like otherwise stands in like.
func (tx *Tx) newInvitation(user store.User, like store.Invitation) store.Invitation {
	like.UserID = user.ID
	like.InviterID, like.InviterName, like.InviterEmail = tx.by.UserID, tx.by.Name, tx.by.Email
	like.CreatedAt, like.ExpiresAt = tx.now, tx.now.Add(like.Duration)
	if user.Role.Global() {
		like.TenantID = 0
	}
	return like
}

// issueLink ends the earlier links of an invitation, which it stores, and returns the token of a fresh one. maker gets that to hand it on.
func (tx *Tx) issueLink(ctx context.Context, invitation *store.Invitation, maker int64) (string, error) {
	token := auth.NewToken()
	invitation.ExpiresAt = tx.now.Add(invitation.Duration)
	return token, tx.storeWithLink(ctx, invitation, token, maker)
}

// storeWithLink stores an invitation, new or changed, whose only link is that of a token, which maker got; 0: it is mailed.
func (tx *Tx) storeWithLink(ctx context.Context, invitation *store.Invitation, token string, maker int64) (err error) {
	if invitation.ID == 0 {
		err = tx.db.InsertInvitation(ctx, invitation)
	} else if err = tx.db.EndSignupLinks(ctx, invitation.ID, store.LinkReplaced); err == nil {
		err = tx.db.UpdateInvitation(ctx, *invitation)
	}
	if err != nil {
		return err
	}
	return tx.db.InsertSignupLink(ctx, auth.HashToken(token), invitation.ID, invitation.ExpiresAt, maker)
}

// mailInvitation stores an invitation, new or not, and queues a mail with a fresh link, which is its only one from then on. It returns
// Throttled where the address was sent too many.
func (tx *Tx) mailInvitation(ctx context.Context, user store.User, invitation *store.Invitation) error {
	if err := tx.use(ctx, trial{actResendInvitation, userObject(user), user.EmailKey}, invitationMails, invitationMailsOfADay); err != nil {
		return err
	}
	account, err := tx.company(ctx)
	if err != nil {
		return err
	}
	token := auth.NewToken()
	invitation.ExpiresAt = tx.now.Add(invitation.Duration)
	invitation.MailDeliveryID, err = tx.mail(ctx, user, notify.TemplateInvitation, notify.Invitation{
		Company: account.Name, Name: user.Name(), Email: user.Email, Role: user.Role.Label(),
		InviterName: invitation.InviterName, InviterEmail: invitation.InviterEmail, ExpiresAt: int64(invitation.ExpiresAt),
	}, token)
	if err != nil {
		return fmt.Errorf("queue invitation: %w", err)
	}
	return tx.storeWithLink(ctx, invitation, token, 0)
}
