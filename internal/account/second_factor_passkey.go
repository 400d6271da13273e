package account

import (
	"context"
	"errors"
	"fmt"

	"console/internal/auth"
	"console/internal/input"
	"console/store"
)

// MaxPasskeyName is how long the name of a passkey may be, in characters.
const MaxPasskeyName = 100

// StartPasskey asks for a new passkey with a name, in the actor's session, when password is their own. It returns
// Invalid.
func (s *Service) StartPasskey(ctx context.Context, by Actor, name, password string) (options []byte, err error) {
	refused := Fields{}
	name = input.ParseTitle(name, "name", "a name to tell it from others, for example the device", refused)
	if len([]rune(name)) > MaxPasskeyName {
		refused["name"] = fmt.Sprintf("At most %d characters.", MaxPasskeyName)
	}
	if !s.passkeys.Usable() {
		refused[""] = "Passkeys do not work while the console is opened by a number, such as 192.0.2.1, instead of a name. " +
			"Set up an authenticator app instead."
	}
	if len(refused) > 0 {
		return nil, refused.Refusal()
	}
	if err := s.confirmPassword(ctx, by, password); err != nil {
		return nil, err
	}
	return changeOwn(ctx, s, by, store.SetsUpSecondFactor, func(tx *Tx, session store.Session) ([]byte, error) {
		owner, err := tx.passkeyOwner(ctx, by.UserID)
		if err != nil {
			return nil, err
		}
		question, options, err := s.passkeys.AskNew(owner)
		if err != nil {
			return nil, err
		}
		asked := store.PasskeyQuestion{SessionID: by.SessionID, Question: question, Options: options, Name: name, CreatedAt: tx.now}
		if err := tx.db.AskPasskey(ctx, asked); err != nil {
			return nil, err
		}
		return options, tx.record(ctx, actConfirmPassword, Done, by.object(), changes{"to add a passkey": {"", name}})
	})
}

// AddPasskey adds the passkey that answers what StartPasskey asked in this session. Every other session of the actor
// ends. It returns Invalid.
func (s *Service) AddPasskey(ctx context.Context, by Actor, answer []byte, from Client) (Secured, error) {
	refused := invalid("", "The passkey was not added. Start again.")
	unproven := false
	done, err := changeOwn(ctx, s, by, store.SetsUpSecondFactor, func(tx *Tx, session store.Session) (Secured, error) {
		question, err := tx.db.TakePasskeyQuestion(ctx, by.SessionID)
		if errors.Is(err, store.ErrNotFound) ||
			err == nil && (question.Name == "" || question.CreatedAt.Over(store.SecondFactorPatience, tx.now)) {
			return Secured{}, refused
		}
		if err != nil {
			return Secured{}, err
		}
		owner, err := tx.passkeyOwner(ctx, by.UserID)
		if err != nil {
			return Secured{}, err
		}
		id, credential, err := s.passkeys.AddedPasskey(owner, question.Question, answer)
		if errors.Is(err, auth.ErrPasskey) {
			s.log.WarnContext(ctx, "passkey refused", "error", err)
			unproven = true
			return Secured{}, tx.record(ctx, actAddFactor, Failed, by.object(), changes{"reason": {"", "the answer of the passkey was wrong"}})
		}
		if err != nil {
			return Secured{}, err
		}
		err = tx.db.InsertPasskey(
			ctx,
			&store.Passkey{UserID: by.UserID, CredentialID: id, Credential: credential, Name: question.Name, CreatedAt: tx.now},
		)
		if errors.Is(err, store.ErrDuplicate) {
			return Secured{}, invalid("", "This passkey has been added already. Choose another one.")
		}
		if err != nil {
			return Secured{}, err
		}
		return tx.factorAdded(ctx, session, "a passkey", from)
	})
	if err == nil && unproven {
		err = refused
	}
	return done, err
}

// passkeyOwner is a person as passkeys know them.
func (v *View) passkeyOwner(ctx context.Context, userID int64) (auth.PasskeyOwner, error) {
	user, err := v.db.UserByID(ctx, userID)
	if err != nil {
		return auth.PasskeyOwner{}, err
	}
	passkeys, err := v.db.Passkeys(ctx, userID)
	owner := auth.PasskeyOwner{Handle: []byte(user.UUID), Email: user.Email, Name: user.DisplayName()}
	for _, k := range passkeys {
		owner.Credentials = append(owner.Credentials, k.Credential)
	}
	return owner, err
}

// RemovePasskey removes one of the actor's passkeys when password is their own, and every other session of theirs. It
// returns Invalid, also for the last second factor where one is demanded, or store.ErrNotFound.
func (s *Service) RemovePasskey(ctx context.Context, by Actor, id int64, password string, from Client) (Secured, error) {
	return s.removeFactor(ctx, by, password, from, removal{"a passkey", func(tx *Tx) error {
		return tx.db.DeletePasskey(ctx, by.UserID, id)
	}})
}
