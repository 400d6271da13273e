package account

import (
	"context"
	"errors"

	"console/internal/permission"
	"console/store"
)

// Whoever has made a signup link by hand, or read it in a mail that is kept here, could sign up with it in place of the
// person it is for. Their link ends when they could not make it any more (rule "may grant").

// LinksTaken are the people whose signup links end because somebody who has them could not make them any more.
type LinksTaken struct {
	Revoked []store.User // invited by link: their invitation ends with it
	Mailed  []store.User // invited by mail: another link is mailed to them, unless that would be one mail too many
}

// Digest tells them from others.
func (t LinksTaken) Digest() string { return digestOf(saidOf(t.Revoked...), saidOf(t.Mailed...)) }

// add adds what else is taken.
func (t *LinksTaken) add(more LinksTaken) {
	t.Revoked, t.Mailed = append(t.Revoked, more.Revoked...), append(t.Mailed, more.Mailed...)
}

// reviewLinks follows a change of somebody's role or groups. The link invitations they made and could not make now are
// revoked, all of them where they never sign in any more; what they made by hand for others invited by mail is mailed anew.
// When they are only invited themselves, the link that somebody else made for them ends if that person may not give what it
// opens now. It returns whose links those were.
func (tx *Tx) reviewLinks(ctx context.Context, user store.User) (LinksTaken, error) {
	held, err := holdings(ctx, tx.View.db, user)
	if err != nil {
		return LinksTaken{}, err
	}
	tenants, err := tx.db.Tenants(ctx)
	if err != nil {
		return LinksTaken{}, err
	}
	taken, err := tx.takeLinksOf(ctx, user.ID, func(invited store.User, tenant int64) (bool, error) {
		if !user.Role.SignsIn() {
			return true, nil
		}
		return tx.outgrows(ctx, invited, tenant, held, tenantIDs(tenants))
	})
	if err != nil || user.ActivatedAt != 0 {
		return taken, err
	}
	mailed, err := tx.endOutgrownLink(ctx, user, tenantIDs(tenants))
	if mailed {
		taken.Mailed = append(taken.Mailed, user)
	}
	return taken, err
}

// chosen says whether something is done about the invitation of a person; tenant is where the role of somebody invited by
// link will hold.
type chosen func(invited store.User, tenant int64) (bool, error)

// takeLinksOf revokes the link invitations that a person made, and mails anew the invitations whose link they made by
// hand, of those whom which names; nil means all.
func (tx *Tx) takeLinksOf(ctx context.Context, maker int64, which chosen) (LinksTaken, error) {
	return tx.eachLinkOf(ctx, maker, which, tx.revoke, tx.replaceLink)
}

// previewLinksOf returns what takeLinksOf would take.
func (v *View) previewLinksOf(ctx context.Context, maker int64, which chosen) (LinksTaken, error) {
	keep := func(context.Context, store.Invitation, store.User) error { return nil }
	return v.eachLinkOf(ctx, maker, which, keep, keep)
}

// eachLinkOf revokes the link invitations that a person made and replaces the links of others that they made by hand, of
// those whom which names; nil means all.
func (v *View) eachLinkOf(ctx context.Context, maker int64, which chosen, revoke, replace endInvited) (taken LinksTaken, err error) {
	made, err := v.db.LinkInvitationsBy(ctx, maker)
	if err != nil {
		return LinksTaken{}, err
	}
	if taken.Revoked, err = v.eachInvited(ctx, made, which, revoke); err != nil {
		return LinksTaken{}, err
	}
	handed, err := v.db.MailInvitationsWithLinkBy(ctx, maker, v.now)
	if err != nil {
		return LinksTaken{}, err
	}
	taken.Mailed, err = v.eachInvited(ctx, handed, which, replace)
	return taken, err
}

// endInvited ends something about an invitation.
type endInvited func(context.Context, store.Invitation, store.User) error

// eachInvited does something with those of invitations whose person which names, and returns these people; nil means all.
func (v *View) eachInvited(ctx context.Context, invitations []store.Invitation, which chosen, do endInvited) ([]store.User, error) {
	var people []store.User
	for _, invitation := range invitations {
		invited, err := v.db.UserByID(ctx, invitation.UserID)
		if err != nil {
			return nil, err
		}
		named := true
		if which != nil {
			named, err = which(invited, invitation.TenantID)
		}
		if err != nil {
			return nil, err
		}
		if !named {
			continue
		}
		if err := do(ctx, invitation, invited); err != nil {
			return nil, err
		}
		people = append(people, invited)
	}
	return people, nil
}

// outgrows says whether an invited person holds more, or will once they accept, than somebody who holds held could give
// them. tenant is where the role of somebody invited by link will hold.
func (v *View) outgrows(ctx context.Context, invited store.User, tenant int64, held permission.Holdings, tenants []int64) (bool, error) {
	if invited.Role.Global() || invited.JoinedAt == 0 {
		_, lacks := held.Lacks(toGrant(invited.Role, tenant), tenants)
		return lacks, nil
	}
	gets, err := holdings(ctx, v.db, invited)
	_, lacks := held.Lacks(gets, tenants)
	return lacks, err
}

// endOutgrownLink ends the link of an invited person whom the actor has just given another role or groups, when somebody
// else made it by hand who could not have given these. An invitation by mail is mailed anew; one by link is the actor's from
// then on, who makes a new link. It says whether it was mailed.
func (tx *Tx) endOutgrownLink(ctx context.Context, user store.User, tenants []int64) (mailed bool, err error) {
	invitation, err := tx.db.InvitationOfUser(ctx, user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	makerID, err := tx.db.LinkMaker(ctx, invitation.ID, tx.now)
	if err != nil || makerID == 0 || makerID == tx.by.UserID {
		return false, err
	}
	var held permission.Holdings // nothing where the maker is gone, or several have the link
	maker, err := tx.db.UserByID(ctx, makerID)
	if err == nil {
		held, err = holdings(ctx, tx.View.db, maker)
	} else if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	if err != nil {
		return false, err
	}
	outgrown, err := tx.outgrows(ctx, user, invitation.TenantID, held, tenants)
	if err != nil || !outgrown {
		return false, err
	}
	if !invitation.ByLink {
		return true, tx.replaceLink(ctx, invitation, user)
	}
	invitation.InviterID, invitation.InviterName, invitation.InviterEmail = tx.by.UserID, tx.by.Name, tx.by.Email
	return false, tx.endLink(ctx, invitation, user)
}

// endLink ends the link of an invitation, which waits for another one from then on.
func (tx *Tx) endLink(ctx context.Context, invitation store.Invitation, user store.User) error {
	invitation.ExpiresAt = tx.now
	if err := tx.db.EndSignupLinks(ctx, invitation.ID, store.LinkReplaced); err != nil {
		return err
	}
	if err := tx.db.UpdateInvitation(ctx, invitation); err != nil {
		return err
	}
	return tx.record(ctx, actEndLink, Done, userObject(user), changes{
		"signup link": {"open", "ended: whoever made it may not give what it opens"}})
}

// replaceLink ends the link of an invitation by mail, whose maker may not have it any more, and mails another one. Where the
// address was sent too many mails, the link ends all the same; somebody sends the next one later.
func (tx *Tx) replaceLink(ctx context.Context, invitation store.Invitation, user store.User) error {
	err := tx.mailAnew(ctx, invitation, user)
	if RefusedBy(err, Throttled) {
		return tx.endLink(ctx, invitation, user)
	}
	return err
}

// mailAnew ends the link of an invitation by mail, and mails another one.
func (tx *Tx) mailAnew(ctx context.Context, invitation store.Invitation, user store.User) error {
	if err := tx.db.CancelMails(ctx, user.ID, tx.now, "replaced by a newer mail"); err != nil {
		return err
	}
	if err := tx.mailInvitation(ctx, user, &invitation); err != nil {
		return err
	}
	return tx.record(ctx, actResendInvitation, Done, userObject(user), changes{
		"signup link": {"replaced", invitedUntil(invitation)}, "recipients": {"", user.Email}})
}
