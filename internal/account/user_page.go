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
	AddedBy string // who added or invited them, as the activity log names them; "" where it does not know
	Barred  *Lack  // why the actor may not manage them; nil: they may (rule "may manage")
}

// UserOverview returns what the page of a person shows first. It refuses with Forbidden (users.view), or returns
// store.ErrNotFound.
func (s *Service) UserOverview(ctx context.Context, by Actor, userID int64) (UserOverview, error) {
	return read(ctx, s, by, func(v *View) (UserOverview, error) {
		user, err := v.viewed(ctx, userID)
		if err != nil {
			return UserOverview{}, err
		}
		page := UserOverview{}
		if page.ListedUser, err = v.listed(ctx, user); err != nil {
			return UserOverview{}, err
		}
		if page.Groups, err = v.db.Memberships(ctx, userID); err != nil {
			return UserOverview{}, err
		}
		if page.AddedBy, err = v.addedBy(ctx, user); err != nil {
			return UserOverview{}, err
		}
		page.Barred, err = v.barred(ctx, user)
		return page, err
	})
}

// viewed returns a person to those who may view users.
func (v *View) viewed(ctx context.Context, userID int64) (store.User, error) {
	if err := v.requirePermission(permission.UsersView); err != nil {
		return store.User{}, err
	}
	return v.db.UserByID(ctx, userID)
}

// listed is a person with their invitation, the whole of it, and how its mail fared.
func (v *View) listed(ctx context.Context, user store.User) (store.ListedUser, error) {
	rows := []store.ListedUser{{User: user}}
	if err := v.db.ReadInvitations(ctx, rows); err != nil || rows[0].Invitation.ID == 0 {
		return rows[0], err
	}
	var err error
	rows[0].Invitation, err = v.db.InvitationByID(ctx, rows[0].Invitation.ID)
	return rows[0], err
}

// addedBy names who added or invited a person, as the activity log has it of the moment at which they were added. People who were
// added in a way that writes no entry have nobody.
func (v *View) addedBy(ctx context.Context, user store.User) (string, error) {
	added, err := v.db.EntryAt(ctx, user.CreatedAt, userObject(user).kind, user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return added.Actor, err
}

// barred is what keeps the actor from managing a person (rule "may manage"), or nil where they may. A page asks it to know
// what to offer, so it is no refusal and is not recorded as one.
func (v *View) barred(ctx context.Context, user store.User) (*Lack, error) {
	if v.by.UserID == user.ID {
		return nil, nil
	}
	held, err := holdings(ctx, v.db, user)
	if err == nil {
		err = v.requireAll(ctx, held, Lack{Person: user.DisplayName(), object: userObject(user), needs: permission.UsersUpdate})
	}
	if refused := AsRefusal(err); refused != nil && refused.Lack != nil {
		return refused.Lack, nil
	}
	return nil, err
}

// UserSessions is where somebody is signed in, as the actor may see it.
type UserSessions struct {
	User     store.User
	Barred   *Lack // why the actor may not see it; nil: they may
	Sessions []store.Session
	SignIns  []store.Entry
}

// UserSessions returns where a person is signed in and a part of their sign-in history, as SignInsOf does. To whom may view
// the person but not manage them it says why. It returns Forbidden (users.view) or store.ErrNotFound.
func (s *Service) UserSessions(ctx context.Context, by Actor, userID, before int64, limit int) (UserSessions, error) {
	return read(ctx, s, by, func(v *View) (UserSessions, error) {
		user, err := v.viewed(ctx, userID)
		if err != nil {
			return UserSessions{}, err
		}
		page := UserSessions{User: user}
		if page.Barred, err = v.barredFromSessions(ctx, user); err != nil || page.Barred != nil {
			return page, err
		}
		if page.Sessions, err = v.liveSessionsOf(ctx, userID); err != nil {
			return UserSessions{}, err
		}
		page.SignIns, err = v.signIns(ctx, user, before, limit)
		return page, err
	})
}

// barredFromSessions is what keeps the actor from seeing and ending the sessions of a person, or nil where they may: of
// oneself, or of whom one may manage.
func (v *View) barredFromSessions(ctx context.Context, user store.User) (*Lack, error) {
	if v.by.UserID != user.ID && !v.by.May(permission.UsersUpdate) {
		return &Lack{Missing: permission.Missing{Permission: permission.UsersUpdate}, needs: permission.UsersUpdate}, nil
	}
	return v.barred(ctx, user)
}
