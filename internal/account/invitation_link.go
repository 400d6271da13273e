package account

import (
	"errors"

	"console/internal/permission"
	"console/store"
)

// Whoever has made a signup link by hand, or read it in a mail that is kept here, could sign up with it in place of the
// person it is for. Their link ends when they could not make it any more (rule "may grant").

// reviewLinks follows a change of somebody's role or groups. The link invitations they made and could not make now are
// revoked; what they made by hand for others invited by mail is mailed anew. When they are only invited themselves, the
// link that somebody else made for them ends if that person may not give what it opens now.
func (tx *Tx) reviewLinks(user store.User) error {
	held, err := holdings(tx.ctx, tx.db.Queries, user)
	if err != nil {
		return err
	}
	tenants, err := tx.db.Tenants(tx.ctx)
	if err != nil {
		return err
	}
	err = tx.takeLinksOf(user.ID, func(invited store.User, tenant int64) (bool, error) {
		return tx.outgrows(invited, tenant, held, tenantIDs(tenants))
	})
	if err != nil || user.ActivatedAt != 0 {
		return err
	}
	return tx.endOutgrownLink(user, tenantIDs(tenants))
}

// takeLinksOf revokes the link invitations that a person made, and mails anew the invitations whose link they made by
// hand, of those whom which names; nil means all.
func (tx *Tx) takeLinksOf(maker int64, which func(invited store.User, tenant int64) (bool, error)) error {
	made, err := tx.db.LinkInvitationsBy(tx.ctx, maker)
	if err != nil {
		return err
	}
	if err := tx.revokeThose(made, which); err != nil {
		return err
	}
	handed, err := tx.db.MailInvitationsWithLinkBy(tx.ctx, maker, tx.now)
	if err != nil {
		return err
	}
	return tx.eachInvited(handed, which, tx.mailAnew)
}

// eachInvited does something with those of invitations whose person which names; nil means all.
func (tx *Tx) eachInvited(invitations []store.Invitation, which func(invited store.User, tenant int64) (bool, error), do func(store.Invitation, store.User) error) error {
	for _, invitation := range invitations {
		invited, err := tx.db.UserByID(tx.ctx, invitation.UserID)
		if err != nil {
			return err
		}
		named := true
		if which != nil {
			named, err = which(invited, invitation.TenantID)
		}
		if err == nil && named {
			err = do(invitation, invited)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// outgrows says whether an invited person holds more, or will once they accept, than somebody who holds held could give
// them. tenant is where the role of somebody invited by link will hold.
func (tx *Tx) outgrows(invited store.User, tenant int64, held permission.Holdings, tenants []int64) (bool, error) {
	if invited.Role.Global() || invited.JoinedAt == 0 {
		_, lacks := held.Lacks(toGrant(invited.Role, tenant), tenants)
		return lacks, nil
	}
	gets, err := holdings(tx.ctx, tx.db.Queries, invited)
	_, lacks := held.Lacks(gets, tenants)
	return lacks, err
}

// endOutgrownLink ends the link of an invited person whom the actor has just given another role or groups, when somebody
// else made it by hand who could not have given these. An invitation by mail is mailed anew; one by link is the actor's from
// then on, who makes a new link.
func (tx *Tx) endOutgrownLink(user store.User, tenants []int64) error {
	invitation, err := tx.db.InvitationOfUser(tx.ctx, user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	makerID, err := tx.db.LinkMaker(tx.ctx, invitation.ID, tx.now)
	if err != nil || makerID == 0 || makerID == tx.by.UserID {
		return err
	}
	var held permission.Holdings // nothing where the maker is gone, or several have the link
	maker, err := tx.db.UserByID(tx.ctx, makerID)
	if err == nil {
		held, err = holdings(tx.ctx, tx.db.Queries, maker)
	} else if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	if err != nil {
		return err
	}
	outgrown, err := tx.outgrows(user, invitation.TenantID, held, tenants)
	if err != nil || !outgrown {
		return err
	}
	if !invitation.ByLink {
		return tx.mailAnew(invitation, user)
	}
	invitation.InviterID, invitation.InviterName, invitation.InviterEmail = tx.by.UserID, tx.by.Name, tx.by.Email
	invitation.ExpiresAt = tx.now
	if err := tx.db.EndSignupLinks(tx.ctx, invitation.ID, store.LinkReplaced); err != nil {
		return err
	}
	if err := tx.db.UpdateInvitation(tx.ctx, invitation); err != nil {
		return err
	}
	return tx.record("end invitation link", Done, userObject(user), nil)
}

// mailAnew ends the link of an invitation by mail, and mails another one.
func (tx *Tx) mailAnew(invitation store.Invitation, user store.User) error {
	if err := tx.db.CancelMails(tx.ctx, user.ID, tx.now, "replaced by a newer mail"); err != nil {
		return err
	}
	if err := tx.mailInvitation(user, &invitation); err != nil {
		return err
	}
	return tx.Record("resend invitation", userObject(user), userObject(user))
}
