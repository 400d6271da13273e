package account

import (
	"context"
	"errors"

	"console/internal/permission"
	"console/store"
)

// UserOverview is somebody as their page shows them first.
type UserOverview struct {
	store.ListedUser
	Groups  []store.CoveringGroup
	AddedBy string     // who added or invited them, as the activity log names them; "" where it does not know
	Barred  *Forbidden // why the actor may not manage them; nil: they may (rule "may manage")
}

// UserOverview returns what the page of a person shows first. It returns Forbidden (users.view) or store.ErrNotFound.
func (s *Service) UserOverview(ctx context.Context, by Actor, userID int64) (UserOverview, error) {
	user, err := s.viewed(ctx, by, userID)
	if err != nil {
		return UserOverview{}, err
	}
	page := UserOverview{}
	if page.ListedUser, err = s.listed(ctx, user); err != nil {
		return UserOverview{}, err
	}
	if page.Groups, err = s.db.Memberships(ctx, userID); err != nil {
		return UserOverview{}, err
	}
	if page.AddedBy, err = s.addedBy(ctx, user); err != nil {
		return UserOverview{}, err
	}
	page.Barred, err = s.barred(ctx, by, user)
	return page, err
}

// viewed returns a person to those who may view users. It returns Forbidden (users.view) or store.ErrNotFound.
func (s *Service) viewed(ctx context.Context, by Actor, userID int64) (store.User, error) {
	if err := s.Require(ctx, by, permission.UsersView); err != nil {
		return store.User{}, err
	}
	return s.db.UserByID(ctx, userID)
}

// listed is a person with their invitation, the whole of it, and how its mail fared.
func (s *Service) listed(ctx context.Context, user store.User) (store.ListedUser, error) {
	rows := []store.ListedUser{{User: user}}
	if err := s.db.ReadInvitations(ctx, rows); err != nil || rows[0].Invitation.ID == 0 {
		return rows[0], err
	}
	var err error
	rows[0].Invitation, err = s.db.InvitationByID(ctx, rows[0].Invitation.ID)
	return rows[0], err
}

// addedBy names who added or invited a person. Their first entry in the activity log is of the moment at which they were
// added, unless they were added in a way that writes none.
func (s *Service) addedBy(ctx context.Context, user store.User) (string, error) {
	first, err := s.db.FirstEntryAbout(ctx, userObject(user).kind, user.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && first.At != user.CreatedAt {
		return "", nil
	}
	return first.Actor, err
}

// barred is why the actor may not manage a person (rule "may manage"), or nil where they may. A page asks it to know what to
// offer, so it is no refusal and is not recorded as one.
func (s *Service) barred(ctx context.Context, by Actor, user store.User) (*Forbidden, error) {
	if by.UserID == user.ID {
		return nil, nil
	}
	held, err := holdings(ctx, s.db.Queries, user)
	if err != nil {
		return nil, err
	}
	tenants, err := s.db.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	missing, lacks := by.Can.Lacks(held, tenantIDs(tenants))
	if !lacks {
		return nil, nil
	}
	barred := &Forbidden{Person: user.DisplayName(), object: userObject(user), needs: permission.UsersUpdate}
	barred.lacking(missing, held, tenants)
	return barred, nil
}

// UserSessions is where somebody is signed in, as the actor may see it.
type UserSessions struct {
	User     store.User
	Barred   *Forbidden // why the actor may not see it; nil: they may
	Sessions []store.Session
	SignIns  []store.Entry
}

// UserSessions returns where a person is signed in and a part of their sign-in history, as SignInsOf does. To whom may view
// the person but not manage them it says why. It returns Forbidden (users.view) or store.ErrNotFound.
func (s *Service) UserSessions(ctx context.Context, by Actor, userID, before int64, limit int) (UserSessions, error) {
	user, err := s.viewed(ctx, by, userID)
	if err != nil {
		return UserSessions{}, err
	}
	page := UserSessions{User: user}
	if page.Barred, err = s.barredFromSessions(ctx, by, user); err != nil || page.Barred != nil {
		return page, err
	}
	if page.Sessions, err = s.db.SessionsOfUser(ctx, userID, store.At(s.now())); err != nil {
		return UserSessions{}, err
	}
	page.SignIns, err = s.signIns(ctx, user, before, limit)
	return page, err
}

// barredFromSessions is why the actor may not see and end the sessions of a person, or nil where they may: of oneself, or of
// whom one may manage.
func (s *Service) barredFromSessions(ctx context.Context, by Actor, user store.User) (*Forbidden, error) {
	if by.UserID != user.ID && !by.May(permission.UsersUpdate) {
		return &Forbidden{Missing: permission.Missing{Permission: permission.UsersUpdate}, needs: permission.UsersUpdate}, nil
	}
	return s.barred(ctx, by, user)
}
