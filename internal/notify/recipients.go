package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"console/internal/input"
	"console/store"
)

// Recipients are the addresses of an email integration; any other has one recipient, itself: "".
func Recipients(kind string, settings Settings) []string {
	if kind == KindEmail {
		return strings.Fields(settings["emails"])
	}
	return []string{""}
}

// Greeting is the name by which a mail greets an address: that of the user it belongs to, or "" for nobody's.
func Greeting(ctx context.Context, q store.Queries, address string) (string, error) {
	if address == "" {
		return "", nil
	}
	user, err := q.UserByEmailKey(ctx, input.EmailKey(address))
	if errors.Is(err, store.ErrNotFound) || err == nil && user.JoinedAt == 0 {
		return "", nil
	}
	return user.Name(), err
}

// part makes one delivery for each address of the email integration that a claimed one goes to, in the transaction that
// claimed it: a bad address does not hold up the others. The claimed one becomes that of the first address. Where the
// settings cannot be opened, or the integration is gone or switched off, it stays as it is, and its attempt says so.
func (w *Worker) part(ctx context.Context, tx *store.Tx, d store.Delivery) (store.Delivery, error) {
	if d.Kind != KindEmail || d.IntegrationID == 0 || d.Recipient != "" {
		return d, nil
	}
	settings, err := w.settings(ctx, tx.Queries, d)
	if err != nil {
		return d, nil //nolint:nilerr // the attempt that follows says so
	}
	for i, address := range Recipients(d.Kind, settings) {
		own := d
		own.Recipient = address
		if own.Params, err = greeted(ctx, tx.Queries, d.Params, address); err != nil {
			return d, err
		}
		if i == 0 {
			if err := tx.SetRecipient(ctx, own); err != nil {
				return d, err
			}
			d = own
			continue
		}
		own.UUID, own.Attempts = uuid.NewString(), 0
		if err := tx.InsertDelivery(ctx, &own); err != nil {
			return d, err
		}
	}
	return d, nil
}

// greeted are the parameters of a message with the name of its recipient. What cannot be read stays as it is: the attempt
// says so.
func greeted(ctx context.Context, q store.Queries, params []byte, address string) ([]byte, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(params, &fields); err != nil {
		return params, nil //nolint:nilerr // the attempt that follows says so
	}
	name, err := Greeting(ctx, q, address)
	if err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if fields["greeting"], err = json.Marshal(name); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}
