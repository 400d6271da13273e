package account

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"console/internal/permission"
	"console/store"
)

// tokenUseEvery is how exactly it is noted when a token was last used.
const tokenUseEvery = time.Minute

// usableToken is a token with what its owner holds: all that a request with it needs to know. It is shared, and never changed.
type usableToken struct {
	store.OwnedToken
	can      permission.Holdings // of what the owner holds, what the token was given
	noAccess bool                // that is nothing, in no tenant that gives access
	main     int64               // id of the main tenant; 0 where an operation has read the token
}

// TokenActor returns whoever works with a token, from an address, and notes the use. What they may do is what the token was given, as
// far as its owner holds it now. It refuses with TokenRefused when the token is unknown, disabled or expired, or its owner may not
// work; with TokenHeld while its owner has to set up a second factor first; and with Throttled when the address has presented too
// many unknown tokens: a token that works is served all the same. A value is looked up by its SHA-256, so how long that takes tells
// nothing about the values that there are.
func (s *Service) TokenActor(ctx context.Context, value, address string) (Actor, error) {
	if value == "" {
		return Actor{}, Refuse(TokenRefused)
	}
	now := store.At(s.now())
	hash := sha256.Sum256([]byte(value))
	token, err := s.usableToken(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return Actor{}, s.unknownToken(ctx, address)
	}
	if err != nil {
		return Actor{}, err
	}
	owner := token.Owner
	by := Actor{UserID: owner.ID, Name: owner.Name(), Email: owner.Email, Role: owner.Role, Can: token.can, noAccess: token.noAccess,
		Main: token.main, Source: API, Address: address, TokenID: token.ID, Token: token.Name, tokenHash: hash}
	if err := token.refuses(now); err != nil {
		s.afterwards.count(refused{by: by, action: actUseToken, about: object{kind: objectToken, id: token.ID, name: token.Name},
			why: AsRefusal(err).Words})
		return Actor{}, err
	}
	s.afterwards.touchToken(token.Token, store.TokenUse{At: now, Address: address})
	return by, nil
}

// usableToken reads the token of a hash, or remembers it while nothing was committed. It returns store.ErrNotFound.
func (s *Service) usableToken(ctx context.Context, hash tokenHash) (usableToken, error) {
	return s.tokens.Get(ctx, s.db, hash, func() (token usableToken, err error) {
		err = s.db.View(ctx, func(q store.Queries) error {
			token.OwnedToken, err = q.OwnedToken(ctx, hash[:])
			if err == nil && subtle.ConstantTimeCompare(token.Hash, hash[:]) == 0 {
				err = store.ErrNotFound
			}
			if err == nil {
				err = token.readHoldings(ctx, q)
			}
			if err != nil {
				return err
			}
			main, err := q.MainTenant(ctx)
			token.main = main.ID
			return err
		})
		return token, err
	})
}

// readHoldings sets what the token may do.
func (t *usableToken) readHoldings(ctx context.Context, q store.Queries) error {
	o, err := originsOf(ctx, q, t.Owner)
	if err != nil {
		return err
	}
	t.can = o.holdings().Within(t.Grant())
	t.noAccess = t.can.Without(o.disabled...).Empty()
	return nil
}

// refuses says why the token does not work now, or is nil.
func (t *usableToken) refuses(now store.Millis) error {
	refused := Refuse(TokenRefused)
	switch {
	case t.DisabledAt != 0:
		refused.Words = "This API token is disabled."
	case t.Expired(now):
		refused.Words = "This API token has expired."
	case t.Owner.Status() != store.Active:
		refused.Words = "The owner of this API token has no access."
	case t.held():
		return Refuse(TokenHeld)
	default:
		return nil
	}
	return refused
}

// held says that the token waits for its owner to set up the second factor that the account demands. People who never sign in
// cannot set one up.
func (t *usableToken) held() bool {
	return t.Kind == store.PersonalToken && t.EnforceSecondFactor && !t.Owner.SecondFactor && t.Owner.Role.SignsIn()
}

// unknownToken counts a token that there is not for its address, and refuses it.
func (s *Service) unknownToken(ctx context.Context, address string) error {
	by, about := Actor{Source: API, Address: address}, object{kind: objectToken}
	client := counter{unknownTokens, clientOf(address)}
	err := s.look().awaitPause(ctx, client)
	if err == nil {
		_, err = transaction(ctx, s, by, func(tx *Tx) (struct{}, error) {
			if err := tx.awaitPause(ctx, client); err != nil {
				return struct{}{}, err
			}
			t, err := tx.db.Throttle(ctx, client.limit.Kind, client.subject)
			if err != nil {
				return struct{}{}, err
			}
			return struct{}{}, tx.db.SaveThrottle(ctx, failed(t, tx.now))
		})
	}
	if err != nil {
		return s.answerPause(ctx, by, actUseToken, about, err)
	}
	s.afterwards.count(refused{by: by, action: actUseToken, about: about, why: "unknown"})
	return Refuse(TokenRefused)
}

// authorizeToken reads again what the token with which the actor works may do. It refuses when it does not work any more, has
// another value, or is somebody else's by now. A job goes on with another value.
func (v *View) authorizeToken(ctx context.Context) error {
	token, err := v.presentToken(ctx)
	if errors.Is(err, store.ErrNotFound) || err == nil && token.OwnerID != v.by.UserID {
		return Refuse(TokenRefused)
	}
	if err != nil {
		return err
	}
	if err := token.refuses(v.now); err != nil {
		return err
	}
	v.by.Role, v.by.Can, v.by.noAccess, v.by.tokenEnds = token.Owner.Role, token.can, token.noAccess, token.ExpiresAt
	return nil
}

// presentToken is the token with which the actor works as it is now: as it was when the request began where nothing was committed since,
// otherwise it is read again. It returns store.ErrNotFound where it is gone or has another value.
func (v *View) presentToken(ctx context.Context) (usableToken, error) {
	if v.by.job == 0 {
		if token, known := v.service.tokens.Known(ctx, v.service.db, v.by.tokenHash); known {
			return token, nil
		}
	}
	owned, err := v.db.OwnedTokenByID(ctx, v.by.TokenID)
	if err == nil && v.by.job == 0 && subtle.ConstantTimeCompare(owned.Hash, v.by.tokenHash[:]) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return usableToken{}, err
	}
	token := usableToken{OwnedToken: owned}
	return token, token.readHoldings(ctx, v.db)
}
