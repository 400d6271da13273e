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
	tenants, err := tx.db.Tenants(ctx)
	if err != nil {
		return LinksTaken{}, err
	}
	r := tx.linkReview(tenants, tx.held)
	couldNot, err := r.couldNotIssue(ctx, user)
	if err != nil {
		return LinksTaken{}, err
	}
	taken, err := tx.takeLinksOf(ctx, user.ID, couldNot)
	if err != nil || user.ActivatedAt != 0 {
		return taken, err
	}
	mailed, err := tx.endOutgrownLink(ctx, r, user)
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

// linkReview looks at whether people could still give what the links open that they have, by what everybody holds now or will
// hold after a change.
type linkReview struct {
	*View
	main    int64   // tenant, which decides who may invite
	tenants []int64 // all
	held    heldBy
}

// heldBy says what a person holds, now or after a change.
type heldBy func(context.Context, store.User) (permission.Holdings, error)

func (v *View) linkReview(tenants []store.Tenant, held heldBy) linkReview {
	r := linkReview{View: v, tenants: tenantIDs(tenants), held: held}
	for _, t := range tenants {
		if t.Main {
			r.main = t.ID
		}
	}
	return r
}

// held is what a person holds now.
func (v *View) held(ctx context.Context, user store.User) (permission.Holdings, error) {
	return holdings(ctx, v.db, user)
}

// couldNotIssue names those whose link a person could not make: all where they may not invite.
func (r linkReview) couldNotIssue(ctx context.Context, maker store.User) (chosen, error) {
	held, err := r.held(ctx, maker)
	if err != nil {
		return nil, err
	}
	by := Actor{Role: maker.Role, Can: held, Main: r.main}
	if !maker.Role.SignsIn() || !by.May(permission.UsersCreate) {
		return nil, nil
	}
	return func(invited store.User, tenant int64) (bool, error) { return r.outgrows(ctx, invited, tenant, held) }, nil
}

// outgrows says whether an invited person holds more, or will once they accept, than somebody who holds held could give
// them. tenant is where the role of somebody invited by link will hold.
func (r linkReview) outgrows(ctx context.Context, invited store.User, tenant int64, held permission.Holdings) (bool, error) {
	if invited.Role.Global() || invited.JoinedAt == 0 {
		_, lacks := held.Lacks(toGrant(invited.Role, tenant), r.tenants)
		return lacks, nil
	}
	gets, err := r.held(ctx, invited)
	_, lacks := held.Lacks(gets, r.tenants)
	return lacks, err
}

// outgrown returns the invitation of a person when somebody other than the actor has its link who could not give what it opens.
func (r linkReview) outgrown(ctx context.Context, user store.User) (store.Invitation, bool, error) {
	invitation, err := r.db.InvitationOfUser(ctx, user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return invitation, false, nil
	}
	if err != nil {
		return invitation, false, err
	}
	makerID, err := r.db.LinkMaker(ctx, invitation.ID, r.now)
	if err != nil || makerID == 0 || makerID == r.by.UserID {
		return invitation, false, err
	}
	var held permission.Holdings // nothing where the maker is gone, or several have the link
	maker, err := r.db.UserByID(ctx, makerID)
	if err == nil {
		held, err = r.held(ctx, maker)
	} else if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	if err != nil {
		return invitation, false, err
	}
	outgrown, err := r.outgrows(ctx, user, invitation.TenantID, held)
	return invitation, outgrown, err
}

// reviewLinksOfMembers is reviewLinks for everybody in a group that is about to give after instead.
func (tx *Tx) reviewLinksOfMembers(ctx context.Context, groupID int64, after permission.Grant) error {
	ending, err := tx.linksEndingInGroup(ctx, groupID, after)
	if err != nil {
		return err
	}
	for _, p := range ending {
		end := tx.replaceLink
		if p.Invitation.ByLink {
			end = tx.revoke
		}
		if err := end(ctx, p.Invitation, p.User); err != nil {
			return err
		}
	}
	return nil
}

// previewLinksOfMembers returns what reviewLinksOfMembers would take.
func (v *View) previewLinksOfMembers(ctx context.Context, groupID int64, after permission.Grant) (LinksTaken, error) {
	var taken LinksTaken
	ending, err := v.linksEndingInGroup(ctx, groupID, after)
	for _, p := range ending {
		if p.Invitation.ByLink {
			taken.Revoked = append(taken.Revoked, p.User)
		} else {
			taken.Mailed = append(taken.Mailed, p.User)
		}
	}
	return taken, err
}

// linksEndingInGroup returns whose links end once a group gives after instead. It looks at the members who have the link of somebody
// else, and at the invited ones whose link somebody else has: they are few, however many are in the group.
func (v *View) linksEndingInGroup(ctx context.Context, groupID int64, after permission.Grant) ([]Pending, error) {
	tenants, err := v.db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	r := v.linkReview(tenants, v.heldOnceGroupGives(groupID, after))
	var ending []Pending
	seen := map[int64]bool{} // several may have one link
	collect := func(_ context.Context, invitation store.Invitation, user store.User) error {
		if !seen[user.ID] {
			seen[user.ID], ending = true, append(ending, Pending{invitation, user})
		}
		return nil
	}
	makers, err := v.db.LinkMakersIn(ctx, groupID, v.now)
	if err != nil {
		return nil, err
	}
	for _, maker := range makers {
		couldNot, err := r.couldNotIssue(ctx, maker)
		if err != nil {
			return nil, err
		}
		if _, err := v.eachLinkOf(ctx, maker.ID, couldNot, collect, collect); err != nil {
			return nil, err
		}
	}
	invited, err := v.db.InvitedInWithLink(ctx, groupID, v.now)
	if err != nil {
		return nil, err
	}
	for _, user := range invited {
		more, err := r.gains(ctx, user)
		if err != nil {
			return nil, err
		}
		invitation, outgrown, err := r.outgrown(ctx, user)
		if err == nil && more && outgrown {
			err = collect(ctx, invitation, user)
		}
		if err != nil {
			return nil, err
		}
	}
	return ending, nil
}

// heldOnceGroupGives returns what people hold once a group gives after instead.
func (v *View) heldOnceGroupGives(groupID int64, after permission.Grant) heldBy {
	return func(ctx context.Context, user store.User) (permission.Holdings, error) {
		o, err := originsOf(ctx, v.db, user)
		for i := range o.sources {
			if o.sources[i].Group == groupID {
				o.sources[i].Grant = after
			}
		}
		return o.holdings(), err
	}
}

// gains says whether a person will hold more than now.
func (r linkReview) gains(ctx context.Context, user store.User) (bool, error) {
	before, err := holdings(ctx, r.db, user)
	if err != nil {
		return false, err
	}
	after, err := r.held(ctx, user)
	_, more := before.Lacks(after, r.tenants)
	return more, err
}

// endOutgrownLink ends the link of an invited person whom the actor has just given another role or groups, when somebody
// else made it by hand who could not have given these. An invitation by mail is mailed anew; one by link is the actor's from
// then on, who makes a new link. It says whether it was mailed.
func (tx *Tx) endOutgrownLink(ctx context.Context, r linkReview, user store.User) (mailed bool, err error) {
	invitation, outgrown, err := r.outgrown(ctx, user)
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
	if err := tx.db.CancelLinkMails(ctx, user.ID, tx.now, "replaced by a newer mail"); err != nil {
		return err
	}
	if err := tx.mailInvitation(ctx, user, &invitation); err != nil {
		return err
	}
	return tx.record(ctx, actResendInvitation, Done, userObject(user), changes{
		"signup link": {"replaced", invitedUntil(invitation)}, "recipients": {"", user.Email}})
}
