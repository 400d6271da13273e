package account

import (
	"context"
	"errors"
	"maps"

	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// Recovered is somebody whom RecoverAdministrator lets in.
type Recovered struct {
	User  store.User
	Token string // of the link by which they set a password, once
	Ends  store.Millis
}

// RecoverAdministrator lets somebody in when no administrator can sign in. A person who exists becomes an active Global Administrator,
// whatever they were; their second factors and recovery codes are removed, their sessions and the links they were sent end, and they get
// a new link, which is shown to whoever asks and mailed to nobody. The password they have stays until they use it. It returns Invalid for
// an address that nobody has, Forbidden (rule "may grant") or NotSetUp.
func (s *Service) RecoverAdministrator(ctx context.Context, by Actor, email string) (Recovered, error) {
	return change(ctx, s, by, func(tx *Tx) (Recovered, error) {
		if err := tx.requireGrant(ctx, permission.GlobalAdmin, 0); err != nil {
			return Recovered{}, err
		}
		user, err := tx.db.UserByEmailKey(ctx, input.EmailKey(email))
		if errors.Is(err, store.ErrNotFound) {
			return Recovered{}, invalid("email", "Nobody has this address. Nothing was changed.")
		}
		if err != nil {
			return Recovered{}, err
		}
		before, err := tx.recoverable(ctx, user)
		if err != nil {
			return Recovered{}, err
		}
		if err := tx.endBeforeRecovery(ctx, user); err != nil {
			return Recovered{}, err
		}
		recovered, err := tx.makeAdministrator(ctx, user)
		if err != nil {
			return Recovered{}, err
		}
		if err := tx.tellOfRecovery(ctx, user, recovered, before); err != nil {
			return Recovered{}, err
		}
		token, ends, err := tx.newResetLink(ctx, recovered)
		return Recovered{recovered, token, ends}, err
	})
}

// recoverable is a person as the entry of a recovery shows them: with their groups and second factors.
func (tx *Tx) recoverable(ctx context.Context, user store.User) (membership, error) {
	shown, err := tx.membership(ctx, user)
	if err != nil {
		return membership{}, err
	}
	factors, err := tx.factors(ctx, user)
	maps.Copy(shown.fields, factors.fields)
	return shown, err
}

// endBeforeRecovery ends what a person could sign in with but for their password: somebody else may have it.
func (tx *Tx) endBeforeRecovery(ctx context.Context, user store.User) error {
	if err := tx.db.DeleteSessionsOfUser(ctx, user.ID); err != nil {
		return err
	}
	if err := tx.db.CancelLinkMails(ctx, user.ID, tx.now, "the person was made an administrator again from the command line"); err != nil {
		return err
	}
	if err := tx.db.EndResetLinks(ctx, user.ID, store.LinkReplaced); err != nil {
		return err
	}
	if err := tx.db.EndSignupLinksOfUser(ctx, user.ID, store.LinkRevoked); err != nil {
		return err
	}
	if err := tx.deleteFactors(ctx, user.ID); err != nil {
		return err
	}
	return tx.db.ReplaceRecoveryCodes(ctx, user.ID, nil)
}

// makeAdministrator makes a person an active Global Administrator, who is in no group, without a second factor. Who was invited has joined
// with it.
func (tx *Tx) makeAdministrator(ctx context.Context, user store.User) (store.User, error) {
	if _, err := tx.leaveAutomaticGroups(ctx, user, true); err != nil {
		return store.User{}, err
	}
	invitation, err := tx.db.InvitationOfUser(ctx, user.ID)
	if err == nil {
		err = tx.db.DeleteInvitation(ctx, invitation.ID)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.User{}, err
	}
	user.Role, user.ByGroups, user.SecondFactor, user.DisabledAt = permission.GlobalAdmin, false, false, 0
	if user.JoinedAt == 0 {
		user.JoinedAt = tx.now
	}
	if user.ActivatedAt == 0 {
		user.ActivatedAt = tx.now
	}
	return user, tx.db.UpdateUser(ctx, &user) // not saveUser: the last administrator may be who is let in here
}

// tellOfRecovery writes the entry, tells the person that their second factors are gone, and the triggers what has happened.
func (tx *Tx) tellOfRecovery(ctx context.Context, was, is store.User, before membership) error {
	after, err := tx.recoverable(ctx, is)
	if err != nil {
		return err
	}
	differ := differences(before.object, after.object)
	differ["link lasts"] = [2]string{"", lasting(resetLinkLasts)}
	if err := tx.record(ctx, actRecover, Done, after.object, differ); err != nil {
		return err
	}
	if was.SecondFactor {
		if err := tx.mailSecondFactorDisabled(ctx, is); err != nil {
			return err
		}
	}
	for _, told := range []struct {
		of        bool
		condition string
		details   []string
	}{
		{was.JoinedAt == 0, notify.ConditionUserAdded, nil},
		{was.JoinedAt != 0 && was.Role != is.Role, notify.ConditionMembershipChanged, []string{roleChange(was.Role, is.Role)}},
		{was.DisabledAt != 0, notify.ConditionAccessEnabled, nil},
		{was.SecondFactor, notify.ConditionSecondFactorDisabled, nil},
	} {
		if !told.of {
			continue
		}
		if err := tx.announce(ctx, tx.happened(told.condition, is, told.details...)); err != nil {
			return err
		}
	}
	return nil
}
