package account

import (
	"context"

	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

// DeleteUser removes the user for good, with all that depends on them; their shared API tokens are disabled, and the activity log
// keeps their name. typed is the address that confirms it. along says what else is done. It returns Invalid, Self,
// LastAdministrator, ChangedPreview, Forbidden (rule "may manage") or store.ErrNotFound.
func (s *Service) DeleteUser(ctx context.Context, by Actor, userID int64, typed string, along Along) (store.User, error) {
	return s.endUser(ctx, by, userID, along, func(user store.User) error {
		if key := input.EmailKey(typed); key != user.EmailKey {
			return invalid("confirm_email", "Type "+user.Email+" to confirm.")
		}
		return nil
	})
}

// DeleteUserByID is DeleteUser for programs, which type no address to confirm.
func (s *Service) DeleteUserByID(ctx context.Context, by Actor, userID int64, along Along) (store.User, error) {
	return s.endUser(ctx, by, userID, along, func(store.User) error { return nil })
}

// endUser is DeleteUser, where meant does not refuse the person.
func (s *Service) endUser(ctx context.Context, by Actor, userID int64, along Along, meant func(store.User) error) (store.User, error) {
	preview := func(v *View) (EndPreview, error) { return v.previewEnd(ctx, userID, permission.UsersDelete) }
	return changeConfirmed(ctx, s, by, preview, func(tx *Tx) (store.User, error) {
		user, err := tx.manageable(ctx, userID, permission.UsersDelete)
		if err == nil {
			err = meant(user)
		}
		if err != nil {
			return store.User{}, err
		}
		if err := tx.removeAddress(ctx, user, along.RemoveFrom); err != nil {
			return store.User{}, err
		}
		if err := tx.takeOverFrom(ctx, userID, along.TakeOver); err != nil {
			return store.User{}, err
		}
		done, err := tx.delete(ctx, userID)
		if err != nil {
			return store.User{}, err
		}
		return user, tx.announce(ctx, done)
	})
}

func (tx *Tx) delete(ctx context.Context, userID int64) (fact, error) {
	user, err := tx.manageable(ctx, userID, permission.UsersDelete)
	if err != nil {
		return fact{}, err
	}
	if user.ID == tx.by.UserID {
		return fact{}, Refuse(Self)
	}
	had, err := tx.membership(ctx, user)
	if err != nil {
		return fact{}, err
	}
	if err := tx.endAccess(ctx, user); err != nil {
		return fact{}, err
	}
	if err := tx.removeUser(ctx, user); err != nil {
		return fact{}, err
	}
	return tx.happened(notify.ConditionUserDeleted, user), tx.recordEnd(ctx, actDeleteUser, had.object)
}

// PreviewDelete returns what deleting a person would do. It refuses and returns what PreviewDisable does.
func (s *Service) PreviewDelete(ctx context.Context, by Actor, userID int64) (EndPreview, error) {
	return read(ctx, s, by, func(v *View) (EndPreview, error) { return v.previewEnd(ctx, userID, permission.UsersDelete) })
}
