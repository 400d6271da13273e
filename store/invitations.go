package store

import (
	"context"
	"errors"
	"time"
)

// Invitation is a pending signup link for one person. Accepting or revoking it removes it.
type Invitation struct {
	ID             int64
	UserID         int64
	ByLink         bool  // shared by hand; otherwise sent by mail
	TenantID       int64 // by link: where the role will hold; 0: everywhere (Global roles)
	InviterID      int64 // 0: the inviter has been deleted
	InviterName    string
	InviterEmail   string
	Duration       time.Duration // how long a fresh link lasts
	ExpiresAt      Millis
	MailDeliveryID int64 // the newest invitation mail, 0 without
	CreatedAt      Millis
}

// Expired says that the link has run out by now, or that the clock was set back since it was issued (Millis.Over).
func (i Invitation) Expired(now Millis) bool {
	return i.ExpiresAt.Add(-i.Duration).Over(i.Duration, now)
}

// LinkEnd says why a signup link no longer works; empty while it is open.
type LinkEnd string

// How a link ends. Running out of time is not stored: it follows from ExpiresAt.
const (
	LinkOpen     LinkEnd = ""
	LinkUsed     LinkEnd = "used"
	LinkRevoked  LinkEnd = "revoked"
	LinkReplaced LinkEnd = "replaced"
)

// SignupLink is a link that was issued, dead or alive.
type SignupLink struct {
	InvitationID int64 // 0: the invitation has gone
	ExpiresAt    Millis
	Duration     time.Duration // how long it lasts, while there is the invitation
	Ended        LinkEnd
	AcceptedBy   int64 // who has signed up with it; 0: nobody, or they are deleted
}

// Expired says that the link has run out by now, or that the clock was set back since it was issued (Millis.Over).
func (l SignupLink) Expired(now Millis) bool {
	return l.ExpiresAt.Add(-l.Duration).Over(l.Duration, now)
}

const invitationColumns = `i.id, i.user_id, i.by_link, coalesce(i.tenant_id, 0), coalesce(i.inviter_id, 0), i.inviter_name, i.inviter_email,
	i.duration, i.expires_at, coalesce(i.mail_delivery_id, 0), i.created_at`

func scanInvitation(s scanner) (i Invitation, err error) {
	var duration int64
	err = s.Scan(&i.ID, &i.UserID, &i.ByLink, &i.TenantID, &i.InviterID, &i.InviterName, &i.InviterEmail,
		&duration, &i.ExpiresAt, &i.MailDeliveryID, &i.CreatedAt)
	i.Duration = time.Duration(duration) * time.Millisecond
	return i, err
}

// InvitationByID returns ErrNotFound once the invitation has been accepted or revoked.
func (q Queries) InvitationByID(ctx context.Context, id int64) (Invitation, error) {
	return one(ctx, q.q, scanInvitation, `SELECT `+invitationColumns+` FROM invitations i WHERE i.id = $1`, id)
}

// InvitationOfUser returns ErrNotFound for a person who has no pending invitation.
func (q Queries) InvitationOfUser(ctx context.Context, userID int64) (Invitation, error) {
	return one(ctx, q.q, scanInvitation, `SELECT `+invitationColumns+` FROM invitations i WHERE i.user_id = $1`, userID)
}

// InvitationsAfter returns the pending invitations after an id, by id, at most limit.
func (q Queries) InvitationsAfter(ctx context.Context, id int64, limit int) ([]Invitation, error) {
	return many(ctx, q.q, scanInvitation, `SELECT `+invitationColumns+` FROM invitations i WHERE i.id > $1 ORDER BY i.id LIMIT $2`, id, limit)
}

// SignupLink returns ErrNotFound for a token that was never issued.
func (q Queries) SignupLink(ctx context.Context, tokenHash []byte) (SignupLink, error) {
	return one(ctx, q.q, func(s scanner) (l SignupLink, err error) {
		var duration int64
		err = s.Scan(&l.InvitationID, &l.ExpiresAt, &duration, &l.Ended, &l.AcceptedBy)
		l.Duration = time.Duration(duration) * time.Millisecond
		return l, err
	}, `SELECT coalesce(l.invitation_id, 0), l.expires_at, coalesce(i.duration, 0), l.ended, coalesce(l.accepted_by, 0)
		FROM signup_links l LEFT JOIN invitations i ON i.id = l.invitation_id WHERE l.token_hash = $1`, tokenHash)
}

// LinkHasEnded says that the signup or reset link of a token leads nowhere any more. Of a link that is not known it does not.
func (q Queries) LinkHasEnded(ctx context.Context, tokenHash []byte, now Millis) (bool, error) {
	reset, err := q.ResetLink(ctx, tokenHash)
	if err == nil {
		return reset.Ended != LinkOpen || reset.Expired(now), nil
	}
	if !errors.Is(err, ErrNotFound) {
		return false, err
	}
	signup, err := q.SignupLink(ctx, tokenHash)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && (signup.Ended != LinkOpen || signup.InvitationID == 0 || signup.Expired(now)), err
}

// AcceptedBy returns who has accepted an invitation, or ErrNotFound: nobody has, they are deleted, or its links are forgotten.
func (q Queries) AcceptedBy(ctx context.Context, invitationID int64) (User, error) {
	return one(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id =
		(SELECT max(accepted_by) FROM signup_links WHERE accepted_invitation = $1 AND accepted_invitation <> 0)`, invitationID)
}

// AcceptInvitation ends the open links of an invitation, which a person has accepted, and deletes it.
func (tx *Tx) AcceptInvitation(ctx context.Context, id, userID int64) error {
	_, err := tx.exec(ctx, `UPDATE signup_links SET ended = $3, accepted_invitation = $1, accepted_by = $2
		WHERE invitation_id = $1 AND ended = ''`, id, userID, LinkUsed)
	if err != nil {
		return err
	}
	return tx.DeleteInvitation(ctx, id)
}

// InsertInvitation adds i and sets its id.
func (tx *Tx) InsertInvitation(ctx context.Context, i *Invitation) (err error) {
	i.ID, err = tx.insert(
		ctx,
		`INSERT INTO invitations (user_id, by_link, tenant_id, inviter_id, inviter_name, inviter_email, duration, expires_at,
		mail_delivery_id, created_at) VALUES ($1, $2, nullif(CAST($3 AS BIGINT), 0), nullif(CAST($4 AS BIGINT), 0), $5, $6, $7, $8,
		nullif(CAST($9 AS BIGINT), 0), $10)`,
		i.UserID,
		i.ByLink,
		i.TenantID,
		i.InviterID,
		i.InviterName,
		i.InviterEmail,
		i.Duration.Milliseconds(),
		i.ExpiresAt,
		i.MailDeliveryID,
		i.CreatedAt,
	)
	return err
}

// UpdateInvitation stores the tenant, the inviter, the expiry and the newest mail.
func (tx *Tx) UpdateInvitation(ctx context.Context, i Invitation) error {
	return tx.execOne(
		ctx,
		ErrNotFound,
		`UPDATE invitations SET inviter_id = nullif(CAST($2 AS BIGINT), 0), inviter_name = $3, inviter_email = $4, expires_at = $5,
		mail_delivery_id = nullif(CAST($6 AS BIGINT), 0), tenant_id = nullif(CAST($7 AS BIGINT), 0) WHERE id = $1`,
		i.ID,
		i.InviterID,
		i.InviterName,
		i.InviterEmail,
		i.ExpiresAt,
		i.MailDeliveryID,
		i.TenantID,
	)
}

// DeleteInvitation removes i; its links stay and say why they no longer work.
func (tx *Tx) DeleteInvitation(ctx context.Context, id int64) error {
	return tx.execOne(ctx, ErrNotFound, `DELETE FROM invitations WHERE id = $1`, id)
}

// InsertSignupLink adds an open link. maker is the person who makes it by hand; 0 for one that is mailed.
func (tx *Tx) InsertSignupLink(ctx context.Context, tokenHash []byte, invitationID int64, expiresAt Millis, maker int64) error {
	_, err := tx.exec(ctx, `INSERT INTO signup_links (token_hash, invitation_id, expires_at, made_by) VALUES ($1, $2, $3, $4)`,
		tokenHash, invitationID, expiresAt, maker)
	return err
}

// SeveralMakers stands for the maker of a link that more than one person has.
const SeveralMakers = -1

// LinkMaker returns who has the link of an invitation that still works: whoever made it by hand, or read it in the mail;
// 0 where none works, or it was only mailed.
func (q Queries) LinkMaker(ctx context.Context, invitationID int64, now Millis) (int64, error) {
	maker, err := one(
		ctx,
		q.q,
		value[int64],
		`SELECT made_by FROM signup_links WHERE invitation_id = $1 AND ended = '' AND expires_at > $2`,
		invitationID,
		now,
	)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return maker, err
}

// InvitationRead and LinkIssued are the actions of activity entries about those who have read the mail of an invitation or made a link by
// hand.
const (
	InvitationRead = "export invitation mail"
	LinkIssued     = "issue invitation link"
)

// linksWithReaders are the links of pending invitations by mail that several people have, with the entries that say who: those about the
// invited person. Entries are kept for months, links for weeks. One who has had an earlier link counts, too.
const linksWithReaders = `FROM signup_links l JOIN invitations i ON i.id = l.invitation_id JOIN activity e
	ON e.object_type = 'user' AND e.object_id = i.user_id AND e.outcome = 'done'
	AND e.action IN ('` + InvitationRead + `', '` + LinkIssued + `')
	WHERE i.by_link = 0 AND l.made_by <> 0 AND l.made_by = -1 AND l.ended = '' AND l.expires_at > $1`

// NoteLinkReader notes that a person has read the open link of an invitation.
func (tx *Tx) NoteLinkReader(ctx context.Context, invitationID, reader int64) error {
	_, err := tx.exec(
		ctx,
		`UPDATE signup_links SET made_by = CASE made_by WHEN 0 THEN $2 WHEN $2 THEN $2 ELSE $3 END WHERE invitation_id = $1 AND ended = ''`,
		invitationID,
		reader,
		SeveralMakers,
	)
	return err
}

// EndSignupLinks ends the open links of an invitation for the reason given.
func (tx *Tx) EndSignupLinks(ctx context.Context, invitationID int64, reason LinkEnd) error {
	_, err := tx.exec(ctx, `UPDATE signup_links SET ended = $2 WHERE invitation_id = $1 AND ended = ''`, invitationID, reason)
	return err
}

// DeleteSignupLinks forgets the links that ran out before the time given.
func (tx *Tx) DeleteSignupLinks(ctx context.Context, before Millis) error {
	_, err := tx.exec(ctx, `DELETE FROM signup_links WHERE expires_at < $1 AND (invitation_id IS NULL OR ended <> '')`, before)
	return err
}

// LinkInvitationsBy returns the pending invitations by link that a person has made.
func (q Queries) LinkInvitationsBy(ctx context.Context, inviterID int64) ([]Invitation, error) {
	return many(
		ctx,
		q.q,
		scanInvitation,
		`SELECT `+invitationColumns+` FROM invitations i WHERE i.inviter_id = $1 AND i.by_link = 1 ORDER BY i.id`,
		inviterID,
	)
}

// MailInvitationsWithLinkBy returns the pending invitations by mail whose link still works and was made by hand, or read, by
// a person.
func (q Queries) MailInvitationsWithLinkBy(ctx context.Context, maker int64, now Millis) ([]Invitation, error) {
	return many(ctx, q.q, scanInvitation, `SELECT `+invitationColumns+` FROM invitations i WHERE i.by_link = 0 AND i.id IN
		(SELECT invitation_id FROM signup_links WHERE made_by = $2 AND made_by <> 0 AND ended = '' AND expires_at > $1
			UNION SELECT l.invitation_id `+linksWithReaders+` AND e.actor_id = $2)
		ORDER BY i.id`, now, maker)
}

// LinkInviters returns those who have made pending invitations by link, by id.
func (q Queries) LinkInviters(ctx context.Context) ([]int64, error) {
	return many(ctx, q.q, value[int64], `SELECT DISTINCT inviter_id FROM invitations WHERE by_link = 1 AND inviter_id IS NOT NULL ORDER BY 1`)
}

// handedLinks are the links of pending invitations by mail that still work and that somebody has made by hand, or read.
const handedLinks = `FROM signup_links l JOIN invitations i ON i.id = l.invitation_id
	WHERE i.by_link = 0 AND l.made_by <> 0 AND l.made_by > 0 AND l.ended = '' AND l.expires_at > $1`

// LinkMakers returns those who have the link of a pending invitation by mail, by id.
func (q Queries) LinkMakers(ctx context.Context, now Millis) ([]int64, error) {
	return many(ctx, q.q, value[int64], linkMakers+` ORDER BY 1`, now)
}

const linkMakers = `SELECT l.made_by ` + handedLinks + ` UNION SELECT e.actor_id ` + linksWithReaders

// LinkMakersIn returns the members of a group who have the signup link of somebody else, by id.
func (q Queries) LinkMakersIn(ctx context.Context, groupID int64, now Millis) ([]User, error) {
	return many(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id IN (SELECT inviter_id FROM invitations WHERE by_link = 1
		UNION `+linkMakers+`) AND EXISTS (SELECT 1 FROM group_users gu WHERE gu.group_id = $2 AND gu.user_id = u.id) ORDER BY u.id`, now, groupID)
}

// InvitedInWithLink returns the invited members of a group whose link somebody else has, by id.
func (q Queries) InvitedInWithLink(ctx context.Context, groupID int64, now Millis) ([]User, error) {
	return many(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id IN (SELECT i.user_id FROM signup_links l
		JOIN invitations i ON i.id = l.invitation_id WHERE i.by_link = 0 AND l.made_by <> 0 AND l.ended = '' AND l.expires_at > $1)
		AND EXISTS (SELECT 1 FROM group_users gu WHERE gu.group_id = $2 AND gu.user_id = u.id) ORDER BY u.id`, now, groupID)
}

// InvitedWithLinkOf returns the people of the pending invitations by mail whose link any of makers has, by id.
func (q Queries) InvitedWithLinkOf(ctx context.Context, makers []int64, now Millis) ([]User, error) {
	listed, err := list(makers)
	if err != nil {
		return nil, err
	}
	makersListed := q.engine.elements("$2", "makers")
	return many(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id IN (SELECT i.user_id `+handedLinks+`
		AND l.made_by IN (SELECT CAST(value AS BIGINT) FROM `+makersListed+`)
		UNION SELECT i.user_id `+linksWithReaders+` AND e.actor_id IN (SELECT CAST(value AS BIGINT) FROM `+makersListed+`)) ORDER BY u.id`,
		now, listed)
}

// InvitedByLinkOf returns the people of the pending invitations by link that any of inviters has made, by id.
func (q Queries) InvitedByLinkOf(ctx context.Context, inviters []int64) ([]User, error) {
	listed, err := list(inviters)
	if err != nil {
		return nil, err
	}
	return many(ctx, q.q, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id IN (SELECT i.user_id FROM invitations i
		WHERE i.by_link = 1 AND i.inviter_id IN (SELECT CAST(value AS BIGINT) FROM `+q.engine.elements("$1", "inviters")+`))
		ORDER BY u.id`, listed)
}

// EndSignupLinksOfUser ends the open links that were issued for a person.
func (tx *Tx) EndSignupLinksOfUser(ctx context.Context, userID int64, reason LinkEnd) error {
	_, err := tx.exec(
		ctx,
		`UPDATE signup_links SET ended = $2 WHERE ended = '' AND invitation_id IN (SELECT id FROM invitations WHERE user_id = $1)`,
		userID,
		reason,
	)
	return err
}

// LinkInvitationsInto returns the pending invitations by link whose role will hold in a tenant.
func (q Queries) LinkInvitationsInto(ctx context.Context, tenantID int64) ([]Invitation, error) {
	return many(
		ctx,
		q.q,
		scanInvitation,
		`SELECT `+invitationColumns+` FROM invitations i WHERE i.tenant_id = $1 AND i.by_link = 1 ORDER BY i.id`,
		tenantID,
	)
}
