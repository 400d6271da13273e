package account

import (
	"context"
	"strconv"
	"strings"
	"time"

	"console/internal/auth"
	"console/internal/permission"
	"console/store"
)

// tellExpiry is how long before a token expires its owner is told.
const tellExpiry = 3 * 24 * time.Hour

// longestExpiry is the latest that a token can be made to expire; what is to work longer does not expire.
const longestExpiry = longestDays * 24 * time.Hour

const longestDays = 10 * 366

// expire sets when a token expires, as the actor says it, and notes what is refused. Of an end that is so near when it is chosen
// nobody is told.
func (v *View) expire(ctx context.Context, token *store.Token, expires string, refused Fields) error {
	zone := "UTC"
	if v.by.UserID != 0 {
		user, err := v.db.UserByID(ctx, v.by.UserID)
		if err != nil {
			return err
		}
		zone = user.TimeZone
	}
	at, reason := parseExpiry(expires, v.now, zone)
	if expires == AsBefore {
		at, reason = v.againAsLong(*token), ""
	}
	if reason == "" {
		reason = v.outlasts(token.ID, at, token.Lasts)
	}
	if reason != "" {
		refused["expires"] = reason
		return nil
	}
	if token.ID == 0 || token.ID != v.by.TokenID || v.by.tokenEnds == 0 { // renewed by itself, it keeps the length that others gave it
		token.Lasts = max(at-v.now, 0)
	}
	token.ExpiresAt, token.ExpiryTold = at, at != 0 && at <= v.now.Add(tellExpiry)
	return nil
}

// AsBefore is what stands for an expiry where a token that is renewed is to work as long again as it was made to.
const AsBefore = "as before"

// againAsLong is when a token expires that from now on works as long as it was made to; 0: never.
func (v *View) againAsLong(token store.Token) store.Millis {
	if token.Lasts == 0 {
		return 0
	}
	return v.now + token.Lasts
}

// outlasts says why a token may not expire at a time, 0 being never, where the actor works with a token that expires itself: what that
// makes or renews ends with it, and it renews itself for the time that it was made to work (rule "no longer than itself"). It is ""
// for everybody else.
func (v *View) outlasts(id int64, at, lasts store.Millis) string {
	latest := v.by.tokenEnds
	if latest == 0 {
		return ""
	}
	reason := "The token that you work with expires itself. What it makes or renews expires no later: "
	if id == v.by.TokenID {
		latest, reason = v.now+lasts, "A token that renews itself works as long again as it was made to: until "
	}
	if at != 0 && at <= latest {
		return ""
	}
	return reason + latest.Time().Format(time.RFC3339) + "."
}

// parseExpiry reads when a token is to expire: a day, at whose end in the time zone it does ("2026-12-31"), or how long it lasts
// ("30d", "720h"), or of programs a moment ("2026-12-31T12:00:00Z"). Empty means never, which is 0.
func parseExpiry(text string, now store.Millis, zone string) (at store.Millis, reason string) {
	text = strings.TrimSpace(text)
	if text == "" || text == "never" {
		return 0, ""
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		location = time.UTC
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, location); err == nil {
		at = store.At(day.AddDate(0, 0, 1))
	} else if moment, err := time.Parse(time.RFC3339, text); err == nil {
		at = store.At(moment)
	} else if days, err := strconv.Atoi(strings.TrimSuffix(text, "d")); err == nil && strings.HasSuffix(text, "d") {
		at = now.Add(time.Duration(max(0, min(days, longestDays+1))) * 24 * time.Hour) // more days would overflow
	} else if lasts, err := time.ParseDuration(text); err == nil {
		at = now.Add(lasts)
	} else {
		return 0, "Enter a day such as 2026-12-31, or leave it empty: then the token does not expire."
	}
	switch {
	case at <= now:
		return 0, "This is over already. Choose a later day."
	case at > now.Add(longestExpiry):
		return 0, "A token expires within ten years, or never: leave it empty."
	}
	return at, ""
}

// DisableToken stops a token from working until somebody enables it. Disabling a disabled one changes nothing. Everybody may
// disable their own; others' and shared ones take tokens.update. Its owner cannot enable what somebody else has disabled, without
// tokens.update. It returns Forbidden or store.ErrNotFound.
func (s *Service) DisableToken(ctx context.Context, by Actor, id int64) (store.Token, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Token, error) { return tx.stopToken(ctx, id) })
}

func (tx *Tx) stopToken(ctx context.Context, id int64) (store.Token, error) {
	token, err := tx.db.TokenByID(ctx, id)
	if err == nil {
		err = tx.mayHandle(token, permission.TokensUpdate)
	}
	if err != nil || token.DisabledAt != 0 {
		return token, err
	}
	return token, tx.switchOffToken(ctx, &token, store.TokenDisabledByHand)
}

// switchOffToken disables a token that works, and records why.
func (tx *Tx) switchOffToken(ctx context.Context, token *store.Token, why store.TokenEnd) error {
	return tx.saveToken(ctx, token, actDisableToken, func() {
		token.DisabledAt, token.DisabledWhy = tx.now, why
		if why == store.TokenDisabledByHand {
			token.DisabledBy = tx.by.UserID
		}
	})
}

// saveToken changes a token, and records what has become of it.
func (tx *Tx) saveToken(ctx context.Context, token *store.Token, action action, set func()) error {
	before, err := tx.tokenObject(ctx, *token)
	if err != nil {
		return err
	}
	set()
	if err := tx.db.UpdateToken(ctx, *token); err != nil {
		return err
	}
	after, err := tx.tokenObject(ctx, *token)
	if err != nil {
		return err
	}
	return tx.recordChange(ctx, action, before, after)
}

// EnableToken ends what DisableToken began. Owners enable their own, unless somebody else has disabled it by hand; others' and shared
// ones take tokens.update and all that the token grants (rule "may grant"). Enabling an enabled one changes nothing. It returns Invalid,
// Forbidden or store.ErrNotFound.
func (s *Service) EnableToken(ctx context.Context, by Actor, id int64) (store.Token, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Token, error) { return tx.resumeToken(ctx, id) })
}

func (tx *Tx) resumeToken(ctx context.Context, id int64) (store.Token, error) {
	token, err := tx.db.TokenByID(ctx, id)
	if err == nil {
		err = tx.mayEnable(ctx, token)
	}
	if err != nil || token.DisabledAt == 0 {
		return token, err
	}
	if err := tx.requireUsable(ctx, token); err != nil {
		return store.Token{}, err
	}
	if token.Expired(tx.now) {
		return store.Token{}, invalid("", "This token has expired. Renew it: it gets a new value.")
	}
	return token, tx.saveToken(ctx, &token, actEnableToken, func() { enableAgain(&token) })
}

// enableAgain leaves nothing of what has disabled a token.
func enableAgain(token *store.Token) {
	token.DisabledAt, token.DisabledWhy, token.DisabledBy = 0, "", 0
}

// requireUsable refuses to make a token work whose owner cannot use any.
func (v *View) requireUsable(ctx context.Context, token store.Token) error {
	if token.OwnerID == 0 {
		return invalid("", "Its owner was deleted. Take the token over first.")
	}
	owner, err := v.db.UserByID(ctx, token.OwnerID)
	if err == nil && owner.Status() != store.Active {
		return invalid("", "Its owner, "+owner.DisplayName()+", is "+string(owner.Status())+": the token would not work.")
	}
	return err
}

// RenewToken gives a token a new value, which is shown this once, and a new expiry, or one AsBefore; the old value stops working at once,
// and a disabled token works again. Personal tokens are renewed by their owner, unless somebody else has disabled them by hand; those that
// others made for them, like shared ones, by who holds tokens.update and all that the token grants (rules "may grant" and "may manage").
// A token that expires gives no other one a later end than its own (rule "no longer than itself"). It returns Invalid, Forbidden or
// store.ErrNotFound.
func (s *Service) RenewToken(ctx context.Context, by Actor, id int64, expires string) (IssuedToken, error) {
	return change(ctx, s, by, func(tx *Tx) (IssuedToken, error) { return tx.replaceValue(ctx, id, expires) })
}

func (tx *Tx) replaceValue(ctx context.Context, id int64, expires string) (IssuedToken, error) {
	token, err := tx.db.TokenByID(ctx, id)
	if err == nil {
		err = tx.mayRenew(ctx, token)
	}
	if err == nil {
		err = tx.requireUsable(ctx, token)
	}
	if err != nil {
		return IssuedToken{}, err
	}
	renewed, refused := token, Fields{}
	if err := tx.expire(ctx, &renewed, expires, refused); err != nil {
		return IssuedToken{}, err
	}
	if err := refused.Refusal(); err != nil {
		return IssuedToken{}, err
	}
	if err := tx.requireTokenName(ctx, token); err != nil { // it had expired, and another one has the name since
		return IssuedToken{}, err
	}
	value := auth.NewAPIToken()
	err = tx.saveToken(ctx, &token, actRenewToken, func() {
		enableAgain(&token)
		token.Hash, token.Lasts = auth.HashToken(value), renewed.Lasts
		token.ExpiresAt, token.ExpiryTold = renewed.ExpiresAt, renewed.ExpiryTold
	})
	return IssuedToken{token, value}, err
}

// DeleteToken removes a token for good. Everybody may delete their own; others' and shared ones take tokens.delete. It returns
// Forbidden or store.ErrNotFound.
func (s *Service) DeleteToken(ctx context.Context, by Actor, id int64) (store.Token, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Token, error) { return tx.dropToken(ctx, id) })
}

func (tx *Tx) dropToken(ctx context.Context, id int64) (store.Token, error) {
	token, err := tx.db.TokenByID(ctx, id)
	if err == nil {
		err = tx.mayHandle(token, permission.TokensDelete)
	}
	if err != nil {
		return store.Token{}, err
	}
	return token, tx.eraseToken(ctx, token)
}

func (tx *Tx) eraseToken(ctx context.Context, token store.Token) error {
	about, err := tx.tokenObject(ctx, token)
	if err != nil {
		return err
	}
	if err := tx.db.DeleteToken(ctx, token.ID); err != nil {
		return err
	}
	return tx.recordEnd(ctx, actDeleteToken, about)
}

// TakeOverToken makes the actor the owner of a shared token. It gets a new value, which is shown this once, unless keep says that
// whoever knows the value goes on using it; a token that its owner's end has disabled works again. It takes tokens.update and all
// that the token grants (rule "may grant"). It returns Invalid, Forbidden or store.ErrNotFound.
func (s *Service) TakeOverToken(ctx context.Context, by Actor, id int64, keep bool) (IssuedToken, error) {
	return change(ctx, s, by, func(tx *Tx) (IssuedToken, error) {
		token, err := tx.db.TokenByID(ctx, id)
		if err != nil {
			return IssuedToken{}, err
		}
		return tx.takeOver(ctx, token, keep)
	})
}

func (tx *Tx) takeOver(ctx context.Context, token store.Token, keep bool) (IssuedToken, error) {
	if err := tx.mayTakeOver(ctx, token); err != nil {
		return IssuedToken{}, err
	}
	if reason := tx.outlasts(token.ID, token.ExpiresAt, 0); reason != "" && !keep {
		return IssuedToken{}, invalid("", reason+" This one expires later: take it over with the value that it has.")
	}
	value := ""
	err := tx.saveToken(ctx, &token, actTakeOverToken, func() {
		token.OwnerID, token.FormerOwner = tx.by.UserID, ""
		if token.DisabledWhy == store.TokenOwnerDisabled || token.DisabledWhy == store.TokenOwnerDeleted {
			enableAgain(&token)
		}
		if !keep {
			value = auth.NewAPIToken()
			token.Hash = auth.HashToken(value)
		}
	})
	return IssuedToken{token, value}, err
}

// own says that a token is the actor's, who works on it themselves: a token may do with the others of its owner only what it was
// given.
func (v *View) own(token store.Token) bool {
	return v.by.UserID != 0 && token.OwnerID == v.by.UserID && v.by.TokenID == 0
}

// mayHandle refuses when a token is not the actor's and they lack p.
func (v *View) mayHandle(token store.Token, p permission.Permission) error {
	if v.own(token) {
		return nil
	}
	return v.requirePermission(p)
}

// mayUndo refuses the owner of a token that somebody else has disabled by hand, unless they may change the tokens of others.
func (v *View) mayUndo(token store.Token) error {
	if token.DisabledWhy != store.TokenDisabledByHand || token.DisabledBy == v.by.UserID || v.by.May(permission.TokensUpdate) {
		return nil
	}
	refused := forbidden(Lack{Missing: permission.Missing{Permission: permission.TokensUpdate}, needs: permission.TokensUpdate})
	refused.Words = "Somebody else has disabled this token. Ask them, or somebody who may change the tokens of others, to enable it."
	return refused
}

// mayEnable refuses who may not make a token work.
func (v *View) mayEnable(ctx context.Context, token store.Token) error {
	if v.own(token) {
		return v.mayUndo(token)
	}
	if err := v.requirePermission(permission.TokensUpdate); err != nil {
		return err
	}
	return v.requireAll(ctx, permission.Union(token.Grant()), Lack{needs: permission.TokensUpdate})
}

// mayRenew refuses who may not have the value of a token.
func (v *View) mayRenew(ctx context.Context, token store.Token) error {
	if v.own(token) && token.Kind == store.PersonalToken {
		if err := v.mayMakeOwn(token.Kind); err != nil {
			return err
		}
		return v.mayUndo(token)
	}
	if err := v.requirePermission(permission.TokensUpdate); err != nil {
		return err
	}
	if token.Kind == store.PersonalToken && token.OwnerID != v.by.UserID {
		owner, err := v.manageable(ctx, token.OwnerID, permission.TokensUpdate)
		if err != nil {
			return err
		}
		if !owner.Role.GetsTokens() {
			return invalid("", "Only its owner renews a personal token: whoever has its value works in their name.")
		}
	}
	if v.own(token) {
		return nil
	}
	return v.requireAll(ctx, permission.Union(token.Grant()), Lack{needs: permission.TokensUpdate})
}

// mayTakeOver refuses who may not become the owner of a token.
func (v *View) mayTakeOver(ctx context.Context, token store.Token) error {
	if err := v.requirePermission(permission.TokensUpdate); err != nil {
		return err
	}
	switch {
	case token.Kind != store.SharedToken:
		return invalid("", "Only shared tokens can be taken over. Make one of your own.")
	case v.by.UserID == 0:
		return invalid("", "Only a person can own a token.")
	case token.OwnerID == v.by.UserID:
		return invalid("", "This token is yours already.")
	}
	return v.requireAll(ctx, v.wantedBy(token), Lack{needs: permission.TokensUpdate})
}
