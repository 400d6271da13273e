package account

import (
	"errors"
	"slices"
	"testing"

	"console/internal/notify"
	"console/store"
)

// Whoever lets somebody in again, or takes their access away, ends the links that were mailed to them. What tells them that their second
// factor is gone still goes out: otherwise whoever has the command line could keep them from learning it.
func TestALinkIsWithdrawnAndANoticeIsNot(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	waiting := func() (templates []string) {
		for n := int64(1); ; n++ {
			delivery, err := o.db.DeliveryByID(ctx, n)
			if errors.Is(err, store.ErrNotFound) {
				return templates
			}
			o.must(err)
			if delivery.UserID == o.ann.UserID && delivery.State == store.Waiting {
				templates = append(templates, delivery.Template)
			}
		}
	}
	o.authenticator(o.ann.UserID)
	_, err := transaction(ctx, o.Service, Actor{Source: System}, func(tx *Tx) (int64, error) {
		return tx.mail(ctx, o.user(o.ann.UserID), notify.TemplatePasswordReset, notify.PasswordReset{}, "link")
	})
	o.must(err)
	for range 2 {
		_, err := o.RecoverAdministrator(ctx, Actor{Source: CLI}, "ann@example.com")
		o.must(err)
	}
	if got := waiting(); !slices.Equal(got, []string{notify.TemplateSecondFactorDisabledNotice}) {
		t.Errorf("after two recoveries, %v wait", got)
	}
	_, err = o.DisableAccess(ctx, o.by, o.ann.UserID, Along{})
	o.must(err)
	if got := waiting(); !slices.Equal(got, []string{notify.TemplateSecondFactorDisabledNotice}) {
		t.Errorf("after the person was disabled, %v wait", got)
	}
}
