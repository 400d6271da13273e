package account

import (
	"context"
	"errors"

	"console/internal/permission"
	"console/store"
)

// Invitations returns pending invitations with their people, by id, those after an id and at most limit; also those whose link has
// run out, which can be sent again. It returns Forbidden without users.view.
func (s *Service) Invitations(ctx context.Context, by Actor, after int64, limit int) ([]Pending, error) {
	return read(ctx, s, by, func(v *View) ([]Pending, error) {
		if err := v.requirePermission(permission.UsersView); err != nil {
			return nil, err
		}
		invitations, err := v.db.InvitationsAfter(ctx, after, limit)
		if err != nil {
			return nil, err
		}
		people, err := v.invitedBy(ctx, invitations)
		if err != nil {
			return nil, err
		}
		pending := make([]Pending, len(invitations))
		for i, invitation := range invitations {
			pending[i] = Pending{invitation, people[i]}
		}
		return pending, nil
	})
}

// OpenInvitation returns one of Invitations. It returns Forbidden without users.view, Joined or NotFound.
func (s *Service) OpenInvitation(ctx context.Context, by Actor, id int64) (Pending, error) {
	return read(ctx, s, by, func(v *View) (Pending, error) {
		if err := v.requirePermission(permission.UsersView); err != nil {
			return Pending{}, err
		}
		invitation, err := v.db.InvitationByID(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			err = v.endedInvitation(ctx, id)
		}
		if err != nil {
			return Pending{}, err
		}
		user, err := v.db.UserByID(ctx, invitation.UserID)
		return Pending{invitation, user}, err
	})
}

// InvitationOf returns the pending invitation of a person. It returns Forbidden without users.view, or store.ErrNotFound where they have
// none.
func (s *Service) InvitationOf(ctx context.Context, by Actor, userID int64) (Pending, error) {
	return read(ctx, s, by, func(v *View) (Pending, error) {
		user, err := v.viewed(ctx, userID)
		if err != nil {
			return Pending{}, err
		}
		invitation, err := v.db.InvitationOfUser(ctx, userID)
		return Pending{invitation, user}, err
	})
}
