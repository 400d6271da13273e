package account

import (
	"context"
	"slices"
	"time"

	"console/internal/input"
	"console/internal/notify"
	"console/internal/permission"
	"console/store"
)

const day = 24 * time.Hour

// Timeouts are what the idle and the absolute timeout can be.
var Timeouts = []time.Duration{
	5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	3 * day, 7 * day, 14 * day, 30 * day,
}

// General returns the account's settings. It returns Forbidden without general.view.
func (s *Service) General(ctx context.Context, by Actor) (store.Account, error) {
	if err := s.Require(by, permission.GeneralView); err != nil {
		return store.Account{}, err
	}
	return s.db.Account(ctx)
}

// SetCompany changes the company's name, which the main tenant carries too, and the label of the cloud. It returns
// Invalid, Forbidden or store.ErrStale.
func (s *Service) SetCompany(ctx context.Context, by Actor, version int64, name, cloud string) (store.Account, error) {
	refused := Fields{}
	name = input.ParseTitle(name, "name", "the name of the company", refused)
	cloud = input.ParseTitle(cloud, "cloud", "the cloud label, for example EU", refused)
	return s.setGeneral(ctx, by, version, actChangeCompany, func(tx *Tx, a *store.Account) error {
		if len(refused) > 0 {
			return refused.Refusal()
		}
		a.Name, a.Cloud = name, cloud
		return tx.requireFreeTenantName(ctx, store.Tenant{ID: tx.by.Main, Name: name})
	})
}

// SetLogoutManagement changes the timeouts, in seconds. Sessions that are over the old ones end with this transaction;
// for all others the new ones hold from their next request on, whether they are shorter or longer. It returns Invalid,
// Forbidden or store.ErrStale.
func (s *Service) SetLogoutManagement(ctx context.Context, by Actor, version, idle, absolute int64) (store.Account, error) {
	refused := Fields{}
	timeouts := map[string]time.Duration{}
	for field, seconds := range map[string]int64{"idle_timeout": idle, "absolute_timeout": absolute} {
		i := slices.IndexFunc(Timeouts, func(t time.Duration) bool { return int64(t/time.Second) == seconds })
		if i < 0 {
			refused[field] = "Choose one of the times offered."
			continue
		}
		timeouts[field] = Timeouts[i]
	}
	return s.setGeneral(ctx, by, version, actChangeLogout, func(tx *Tx, a *store.Account) error {
		if len(refused) > 0 {
			return refused.Refusal()
		}
		if err := tx.service.deleteEndedSessions(ctx, tx.db, tx.now); err != nil {
			return err
		}
		a.IdleTimeout, a.AbsoluteTimeout = timeouts["idle_timeout"], timeouts["absolute_timeout"]
		return nil
	})
}

// setGeneral changes the account that still is as it was at version. set is asked once the actor may change it.
func (s *Service) setGeneral(
	ctx context.Context,
	by Actor,
	version int64,
	action action,
	set func(*Tx, *store.Account) error,
) (store.Account, error) {
	return change(ctx, s, by, func(tx *Tx) (store.Account, error) {
		if err := tx.requirePermission(permission.GeneralUpdate); err != nil {
			return store.Account{}, err
		}
		if err := requireVersion(version); err != nil {
			return store.Account{}, err
		}
		account, err := tx.db.Account(ctx)
		if err != nil {
			return store.Account{}, err
		}
		before := account
		account.Version = version
		if err := set(tx, &account); err != nil {
			return store.Account{}, err
		}
		if err := tx.db.UpdateAccount(ctx, &account); err != nil {
			return store.Account{}, err
		}
		return account, tx.recordChange(ctx, action, accountObject(before), accountObject(account))
	})
}

func accountObject(a store.Account) object {
	return object{kind: objectAccount, id: 1, name: a.Name, fields: map[string]string{
		"name": a.Name, "cloud": a.Cloud, "idle timeout": lasting(a.IdleTimeout), "absolute timeout": lasting(a.AbsoluteTimeout),
		"enforce two-factor authentication": yesOrNo(a.EnforceSecondFactor),
		"password minimum length":           counted(a.PasswordMinLength, "character"),
		"activity log is kept":              Retention(a.ActivityRetention).String(),
	}}
}

// SendTestMail queues a mail that shows the actor whether mails arrive, and returns what has become of it: it waits until the
// first attempt has ended, at most as long as patience says. It returns Throttled, or Forbidden without general.update.
func (s *Service) SendTestMail(ctx context.Context, by Actor, patience time.Duration) (store.Delivery, error) {
	end, err := s.testing.begin(by.UserID, actTestMail, by.object())
	if err != nil {
		s.countRefusal(by, err)
		return store.Delivery{}, err
	}
	defer end()
	id, err := s.queueTestMail(ctx, by)
	if err != nil {
		return store.Delivery{}, err
	}
	const glance = 50 * time.Millisecond
	for deadline := time.Now().Add(patience); ; {
		mail, err := s.db.DeliveryByID(ctx, id)
		if err != nil || mail.State != store.Waiting || mail.Error != "" || time.Now().After(deadline) {
			return mail, err
		}
		select {
		case <-ctx.Done():
			return mail, ctx.Err()
		case <-time.After(glance):
		}
	}
}

// queueTestMail returns the id of the mail. A mail server that takes nothing is tried at once.
func (s *Service) queueTestMail(ctx context.Context, by Actor) (int64, error) {
	return change(ctx, s, by, func(tx *Tx) (int64, error) {
		if err := tx.requirePermission(permission.GeneralUpdate); err != nil {
			return 0, err
		}
		user, err := tx.db.UserByID(ctx, by.UserID)
		if err != nil {
			return 0, err
		}
		account, err := tx.db.Account(ctx)
		if err != nil {
			return 0, err
		}
		if err := tx.use(ctx, trial{actTestMail, by.object(), promptSubject(by.UserID)}, tests); err != nil {
			return 0, err
		}
		id, err := tx.mail(ctx, user, notify.TemplateTestMail, notify.TestMail{Company: account.Name, Name: user.Name()}, "")
		if err != nil {
			return 0, err
		}
		if err := tx.db.MoveHold(ctx, notify.Target(notify.KindEmail, 0), tx.now); err != nil {
			return 0, err
		}
		return id, tx.record(ctx, actTestMail, Done, userObject(user), changes{"recipients": {"", user.Email}})
	})
}
