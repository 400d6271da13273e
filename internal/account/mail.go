package account

import (
	"console/internal/notify"
	"console/store"
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// mail queues a mail to a person. secret is a link token or "": it is stored sealed, and only until the mail is sent. Those
// of a job, and those about an integration or a token, let pass what somebody waits for at their sign-in.
func (tx *Tx) mail(ctx context.Context, user store.User, template string, params any, secret string) (int64, error) {
	encoded, err := json.Marshal(params)
	if err != nil {
		return 0, err
	}
	d := store.Delivery{UUID: uuid.NewString(), Target: notify.Target("email", 0), Kind: "email", Recipient: user.Email, Template: template,
		Params: encoded, UserID: user.ID, CreatedAt: tx.now}
	if tx.by.job != 0 || template == notify.TemplateIntegrationOff || template == notify.TemplateTokenExpires {
		d.Priority = store.PriorityMany
	}
	if err := tx.db.InsertDelivery(ctx, &d); err != nil {
		return 0, fmt.Errorf("queue mail: %w", err)
	}
	tx.queued = true
	if secret == "" {
		return d.ID, nil
	}
	return d.ID, tx.sealing(ctx, func() error {
		return tx.db.SetDeliverySecret(ctx, d.ID, tx.service.key.Seal([]byte(secret), notify.SecretContext(d.ID)))
	})
}
