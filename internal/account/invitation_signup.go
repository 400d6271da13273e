package account

import (
	"context"
	"errors"

	"console/internal/auth"
	"console/internal/notify"
	"console/store"
)

// Signup is what the page behind a signup link shows.
type Signup struct {
	Company     string
	User        store.User
	Invitation  store.Invitation
	MinPassword int // characters
}

// Signup returns what a signup link offers to a browser, a Link… code, or OtherPerson where somebody is signed in there: nobody who
// has an account accepts what is for somebody else. It changes nothing: mail scanners open every link.
func (s *Service) Signup(ctx context.Context, token string, from Client) (Signup, error) {
	offer, err := readSignup(ctx, s.db.Queries, token, store.At(s.now()))
	if err != nil {
		return Signup{}, err
	}
	live, err := s.liveSession(ctx, from.Session, store.At(s.now()))
	if errors.Is(err, store.ErrNotFound) || err == nil && live.Stage != store.Finished {
		return offer, nil
	}
	if err != nil {
		return Signup{}, err
	}
	return Signup{}, SignedInAs(live.User, "This invitation is for "+offer.User.Email+".")
}

// SignedUpWith reports whether the actor has signed up with a link.
func (s *Service) SignedUpWith(ctx context.Context, by Actor, token string) (bool, error) {
	link, err := s.db.SignupLink(ctx, auth.HashToken(token))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return link.AcceptedBy != 0 && link.AcceptedBy == by.UserID, err
}

// readSignup reads a link, its invitation and its person one after the other. Where the invitation ends in between, the link
// says in which way.
func readSignup(ctx context.Context, q store.Queries, token string, now store.Millis) (Signup, error) {
	offer, err := readSignupOnce(ctx, q, token, now)
	if errors.Is(err, store.ErrNotFound) {
		offer, err = readSignupOnce(ctx, q, token, now)
	}
	return offer, err
}

func readSignupOnce(ctx context.Context, q store.Queries, token string, now store.Millis) (Signup, error) {
	link, err := q.SignupLink(ctx, auth.HashToken(token))
	if errors.Is(err, store.ErrNotFound) {
		return Signup{}, Refuse(LinkUnknown)
	}
	if err != nil {
		return Signup{}, err
	}
	switch {
	case link.Ended != store.LinkOpen:
		return Signup{}, deadLink(link.Ended)
	case link.InvitationID == 0: // the invited person has been deleted
		return Signup{}, Refuse(LinkRevoked)
	case link.Expired(now):
		return Signup{}, Refuse(LinkExpired)
	}
	invitation, err := q.InvitationByID(ctx, link.InvitationID)
	if err != nil {
		return Signup{}, err
	}
	user, err := q.UserByID(ctx, invitation.UserID)
	if err != nil {
		return Signup{}, err
	}
	switch user.Status() {
	case store.Disabled:
		return Signup{}, Refuse(LinkRevoked)
	case store.Active: // since the link was read
		return Signup{}, Refuse(LinkUsed)
	}
	account, err := q.Account(ctx)
	return Signup{account.Name, user, invitation, account.PasswordMinLength}, err
}

// SignUp accepts an invitation: the person chooses their name and password, becomes Active and has a session: a finished
// one, or one in which they set up the second factor that the account demands. Email and role are those of the
// invitation. A link works once, however many requests use it at the same time; the others get a Link… code. It returns
// Invalid, OtherPerson or auth.ErrBusy.
func (s *Service) SignUp(ctx context.Context, token string, names Names, password string, from Client) (Begun, error) {
	begun, err := s.acceptLink(ctx, token, names, password, from)
	s.countDeadLink(from, actAcceptInvitation, err)
	return begun, err
}

// acceptLink is SignUp, and counts no links that were refused.
func (s *Service) acceptLink(ctx context.Context, token string, names Names, password string, from Client) (Begun, error) {
	offer, err := s.Signup(ctx, token, from)
	if err != nil {
		return Begun{}, err
	}
	refused := Fields{}
	names = names.parse(refused)
	if names.First == "" && refused["first_name"] == "" {
		refused["first_name"] = "Enter your first name."
	}
	named := offer.User
	named.FirstName, named.LastName = names.First, names.Last
	if reason := s.refusePassword(password, offer.Company, offer.MinPassword, named); reason != "" {
		refused["password"] = reason
	}
	if len(refused) > 0 {
		return Begun{}, refused.Refusal()
	}
	hash, err := s.hashPassword(ctx, password, known("invitation", offer.Invitation.ID), func() error {
		_, err := s.Signup(ctx, token, from) // somebody else may have used it meanwhile
		return err
	})
	if err != nil {
		return Begun{}, err
	}
	return transaction(ctx, s, from.actor(), func(tx *Tx) (Begun, error) {
		offer, err := readSignup(ctx, tx.View.db, token, tx.now)
		if err != nil {
			return Begun{}, err
		}
		user := offer.User
		user.FirstName, user.LastName, user.PasswordHash, user.PasswordChangedAt = names.First, names.Last, hash, tx.now
		return tx.accept(ctx, offer, user, from)
	})
}

// accept carries out what an invitation promises.
func (tx *Tx) accept(ctx context.Context, offer Signup, user store.User, from Client) (Begun, error) {
	before, err := tx.membership(ctx, offer.User)
	if err != nil {
		return Begun{}, err
	}
	joins := user.JoinedAt == 0
	user.ActivatedAt = tx.now
	if joins {
		user.JoinedAt = tx.now
	}
	if err := tx.saveUser(ctx, &user); err != nil {
		return Begun{}, err
	}
	if err := tx.db.AcceptInvitation(ctx, offer.Invitation.ID, user.ID); err != nil {
		return Begun{}, err
	}
	if err := tx.db.CancelLinkMails(ctx, user.ID, tx.now, "signed up already"); err != nil {
		return Begun{}, err
	}
	tx.by.UserID, tx.by.Name, tx.by.Email = user.ID, user.Name(), user.Email
	if joins {
		if err := tx.joinByLink(ctx, offer, user); err != nil {
			return Begun{}, err
		}
	}
	after, err := tx.membership(ctx, user)
	if err != nil {
		return Begun{}, err
	}
	if err := tx.recordChange(ctx, actAcceptInvitation, before.object, after.object); err != nil {
		return Begun{}, err
	}
	return tx.beginSession(ctx, user, from)
}

// joinByLink brings a person invited by link into the user list, confirms it to them by mail and tells the triggers.
func (tx *Tx) joinByLink(ctx context.Context, offer Signup, user store.User) error {
	if err := tx.join(ctx, user, offer.Invitation.TenantID); err != nil {
		return err
	}
	_, err := tx.mail(ctx, user, notify.TemplateSignupConfirmation, notify.SignupConfirmation{
		Company: offer.Company, Name: user.Name(), Email: user.Email, Role: user.Role.Label(),
		InviterName: offer.Invitation.InviterName, InviterEmail: offer.Invitation.InviterEmail,
	}, "")
	if err != nil {
		return err
	}
	by, err := tx.inviter(ctx, offer.Invitation)
	if err != nil {
		return err
	}
	return tx.announce(ctx, fact{condition: notify.ConditionUserAdded, user: user, by: by})
}

// inviter is who made the link of an invitation, with the role they have now; none once they are deleted.
func (v *View) inviter(ctx context.Context, i store.Invitation) (notify.Person, error) {
	made, err := v.db.UserByID(ctx, i.InviterID)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return personOf(i.InviterID, i.InviterName, i.InviterEmail, made.Role), err
}
