package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// SwitchedOffLimit is how old a delivery becomes while its integration is switched off.
const SwitchedOffLimit = 72 * time.Hour

// SwitchedOff is the Delivery.Error of those that wait, or have failed, because their integration is switched off.
const SwitchedOff = "the integration is switched off"

// Event is something that happened and that triggers may tell about. Its id rises with every event.
type Event struct {
	ID         int64
	UUID       string
	Type       string
	OccurredAt Millis
}

// DeliveryState is where a message stands.
type DeliveryState string

// A delivery waits (for its first attempt or the next one) until it is delivered or has failed for good.
const (
	Waiting   DeliveryState = "waiting"
	Delivered DeliveryState = "delivered"
	Failed    DeliveryState = "failed"
)

// Priority says which of the deliveries that are due to one target goes first: the lowest.
type Priority int

// The priorities: somebody waits for a mail about their own sign-in; nobody does for one of many, such as the invitations of
// an import; messages of triggers come last. The queries for what is due name each of them.
const (
	PriorityOwn Priority = iota
	PriorityMany
	PriorityTrigger
)

// Delivery is one message to one destination. Params hold all that the message says, so that every attempt says the
// same; UUID is the id by which the receiver can tell a repeated attempt.
type Delivery struct {
	ID            int64
	UUID          string
	Target        string // deliveries to one target are sent in order, those of one priority after the other
	Priority      Priority
	Kind          string // how it is sent: "email", "slack"
	Recipient     string // of an email
	Template      string
	Params        []byte // JSON
	Secret        []byte // sealed link token, erased when the delivery ends
	UserID        int64  // the person a mail is for; 0 for messages of triggers
	EventID       int64
	TriggerID     int64
	IntegrationID int64
	AgainOf       int64  // the delivery whose message somebody has sent again with this one; 0: none
	AgainBy       string // who that was
	Batch         int64  // the first of the deliveries that share its request; 0 for one on its own
	Uncounted     bool   // it says nothing about whether its integration works: a test, or not for its recipient any more
	State         DeliveryState
	Attempts      int // begun
	NextAt        Millis
	Error         string // of the latest attempt; what is odd about one that is delivered
	HeldAt        Millis // when an answer about its server, not about it, was first given to an attempt; 0: never
	CreatedAt     Millis
	EndedAt       Millis
}

const deliveryColumns = `id, uuid, target, kind, recipient, template, params, secret, coalesce(user_id, 0), coalesce(event_id, 0),
	coalesce(trigger_id, 0), coalesce(integration_id, 0), batch, uncounted, state, attempts, next_at, error, created_at, ended_at, priority,
	held_at, again_of, again_by`

func scanDelivery(s scanner) (d Delivery, err error) {
	err = s.Scan(&d.ID, &d.UUID, &d.Target, &d.Kind, &d.Recipient, &d.Template, &d.Params, &d.Secret, &d.UserID, &d.EventID,
		&d.TriggerID, &d.IntegrationID, &d.Batch, &d.Uncounted, &d.State, &d.Attempts, &d.NextAt, &d.Error, &d.CreatedAt, &d.EndedAt,
		&d.Priority, &d.HeldAt, &d.AgainOf, &d.AgainBy)
	return d, err
}

// InsertEvent adds e and sets its id.
func (tx *Tx) InsertEvent(ctx context.Context, e *Event) (err error) {
	e.ID, err = tx.insert(ctx, `INSERT INTO events (uuid, type, occurred_at) VALUES ($1, $2, $3)`, e.UUID, e.Type, e.OccurredAt)
	return err
}

// InsertDelivery queues d, due at once, and sets its id.
func (tx *Tx) InsertDelivery(ctx context.Context, d *Delivery) (err error) {
	d.State, d.NextAt = Waiting, d.CreatedAt
	d.ID, err = tx.insert(
		ctx,
		`INSERT INTO deliveries (uuid, target, kind, recipient, template, params, user_id, event_id, trigger_id, integration_id,
		state, next_at, created_at, uncounted, priority, again_of, again_by) VALUES ($1, $2, $3, $4, $5, $6, nullif(CAST($7 AS BIGINT), 0),
		nullif(CAST($8 AS BIGINT), 0), nullif(CAST($9 AS BIGINT), 0), nullif(CAST($10 AS BIGINT), 0), $11, $12, $13, $14, $15, $16, $17)`,
		d.UUID,
		d.Target,
		d.Kind,
		d.Recipient,
		d.Template,
		string(d.Params),
		d.UserID,
		d.EventID,
		d.TriggerID,
		d.IntegrationID,
		d.State,
		d.NextAt,
		d.CreatedAt,
		d.Uncounted,
		d.Priority,
		d.AgainOf,
		d.AgainBy,
	)
	return err
}

// SetDeliverySecret stores the sealed secret of a delivery; it is sealed for the delivery's id, which is known only
// after InsertDelivery. It returns ErrOtherKey.
func (tx *Tx) SetDeliverySecret(ctx context.Context, id int64, sealed []byte) error {
	from, to := sealedAlike(sealed)
	return tx.execOne(ctx, ErrOtherKey, `UPDATE deliveries SET secret = $2 WHERE id = $1 AND `+keyInForce(3), id, sealed, from, to)
}

// SetRecipient stores the recipient of d, and the parameters that name it.
func (tx *Tx) SetRecipient(ctx context.Context, d Delivery) error {
	return tx.execOne(ctx, ErrNotFound, `UPDATE deliveries SET recipient = $2, params = $3 WHERE id = $1`, d.ID, d.Recipient, string(d.Params))
}

// DeliveryByID returns ErrNotFound for an unknown id.
func (q Queries) DeliveryByID(ctx context.Context, id int64) (Delivery, error) {
	return one(ctx, q.q, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries WHERE id = $1`, id)
}

// DeliveryQuery is which deliveries of triggers a list shows: of a trigger, an integration, in a state, before an id.
// Zero values let everything pass.
type DeliveryQuery struct {
	TriggerID, IntegrationID int64
	State                    DeliveryState
	Before                   int64
	Limit                    int
}

// TriggeredDeliveries returns messages of triggers, the newest first. Mails to people are not among them.
func (q Queries) TriggeredDeliveries(ctx context.Context, query DeliveryQuery) ([]Delivery, error) {
	where, args := `event_id IS NOT NULL`, []any{query.Limit}
	filter := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(" AND %s $%d", condition, len(args))
	}
	if query.TriggerID != 0 {
		filter("trigger_id =", query.TriggerID)
	}
	if query.IntegrationID != 0 {
		filter("integration_id =", query.IntegrationID)
	}
	if query.State != "" {
		filter("state =", query.State)
	}
	if query.Before != 0 {
		filter("id <", query.Before)
	}
	return many(ctx, q.q, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries WHERE `+where+` ORDER BY id DESC LIMIT $1`, args...)
}

// DeleteEndedDeliveries forgets at most limit deliveries that ended before the time given, with their attempts and then
// the events that no delivery tells of any more. It returns how many deliveries there were.
func (tx *Tx) DeleteEndedDeliveries(ctx context.Context, before Millis, limit int) (int64, error) {
	n, err := tx.exec(
		ctx,
		`DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE ended_at > 0 AND ended_at < $1 LIMIT $2)`,
		before,
		limit,
	)
	if err != nil {
		return 0, err
	}
	_, err = tx.exec(
		ctx,
		`DELETE FROM events WHERE occurred_at < $1 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = events.id)`,
		before,
	)
	return n, err
}

// EventByID returns ErrNotFound for an unknown id.
func (q Queries) EventByID(ctx context.Context, id int64) (Event, error) {
	return one(ctx, q.q, func(s scanner) (e Event, err error) {
		err = s.Scan(&e.ID, &e.UUID, &e.Type, &e.OccurredAt)
		return e, err
	}, `SELECT id, uuid, type, occurred_at FROM events WHERE id = $1`, id)
}

// waitingTargets begins a query about those targets for which something waits. They are found one by one in the index:
// DISTINCT would walk through all that waits.
const waitingTargets = `WITH RECURSIVE waiting (target) AS (
	SELECT min(target) FROM deliveries WHERE state = 'waiting'
	UNION ALL
	SELECT (SELECT min(d.target) FROM deliveries d WHERE d.state = 'waiting' AND d.target > w.target)
	FROM waiting w WHERE w.target IS NOT NULL) `

// DueTargets returns the targets for which a delivery is due by now.
func (q Queries) DueTargets(ctx context.Context, now Millis) ([]string, error) {
	return many(ctx, q.q, value[string], waitingTargets+`SELECT w.target FROM waiting w
		WHERE EXISTS (SELECT 1 FROM deliveries d
			WHERE d.state = 'waiting' AND d.target = w.target AND d.priority IN (0, 1, 2) AND d.next_at <= $1)`, now)
}

// NextDue returns when the next delivery becomes due that is not due by now, or ErrNotFound when there is none. Those
// due by now are found by DueTargets; counting them here would hide what comes next while a slow target is busy.
func (q Queries) NextDue(ctx context.Context, now Millis) (Millis, error) {
	return one(ctx, q.q, value[Millis], waitingTargets+`SELECT next_at FROM (SELECT (SELECT min(d.next_at) FROM deliveries d
		WHERE d.state = 'waiting' AND d.target = w.target AND d.priority = p.priority AND d.next_at > $1) AS next_at
		FROM waiting w CROSS JOIN (SELECT 0 AS priority UNION ALL SELECT 1 UNION ALL SELECT 2) AS p) AS next
		WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1`, now)
}

// dueOf finds what has been due longest among the deliveries to a target of one priority.
const dueOf = `(SELECT id FROM deliveries WHERE state = 'waiting' AND target = $1 AND priority = %d AND next_at <= $2
	ORDER BY next_at, id LIMIT 1)`

// due finds what is due to a target and goes first. It seeks once for each priority: sorting would read all that is due.
var due = fmt.Sprintf("coalesce("+dueOf+", "+dueOf+", "+dueOf+")", PriorityOwn, PriorityMany, PriorityTrigger)

// ClaimDelivery takes the delivery to target that goes first among those due, counts the attempt and leases it until the
// time given: should the process die, the delivery is due again then. It is not parked any more. It returns ErrNotFound
// when none is due.
func (tx *Tx) ClaimDelivery(ctx context.Context, target string, now, until Millis) (Delivery, error) {
	return one(ctx, tx.q, scanDelivery, `UPDATE deliveries SET attempts = attempts + 1, parked = 0, next_at = $3 WHERE id = `+due+`
		RETURNING `+deliveryColumns, target, now, until)
}

// ClaimBatch adds to a delivery just claimed those that share its request, and returns all, the oldest first. In its
// first attempt those are up to limit deliveries to its target that are due and have not been tried either; later ones
// keep together, so that every attempt says the same.
func (tx *Tx) ClaimBatch(ctx context.Context, first Delivery, now, until Millis, limit int) (batch []Delivery, err error) {
	switch {
	case first.Batch != 0:
		batch, err = many(ctx, tx.q, scanDelivery, `UPDATE deliveries SET attempts = attempts + 1, parked = 0, next_at = $3
			WHERE batch = $1 AND batch > 0 AND state = 'waiting' AND id <> $2 RETURNING `+deliveryColumns, first.Batch, first.ID, until)
	case first.Attempts == 1:
		batch, err = many(
			ctx,
			tx.q,
			scanDelivery,
			`UPDATE deliveries SET attempts = attempts + 1, parked = 0, next_at = $3, batch = $4 WHERE id IN
			(SELECT id FROM deliveries WHERE state = 'waiting' AND target = $1 AND priority = $6 AND next_at <= $2 AND attempts = 0 AND batch = 0
			ORDER BY next_at, id LIMIT $5)
			RETURNING `+deliveryColumns,
			first.Target,
			now,
			until,
			first.ID,
			limit-1,
			first.Priority,
		)
	}
	if err != nil || len(batch) == 0 {
		return []Delivery{first}, err
	}
	if first.Batch == 0 {
		first.Batch = first.ID
		if _, err := tx.exec(ctx, `UPDATE deliveries SET batch = id WHERE id = $1`, first.ID); err != nil {
			return nil, err
		}
	}
	batch = append(batch, first)
	slices.SortFunc(batch, func(a, b Delivery) int { return cmp.Compare(a.ID, b.ID) })
	return batch, nil
}

// Attempt is one attempt to send a delivery.
type Attempt struct {
	Attempt int    // from 1
	At      Millis // when it ended
	MS      int64  // how long it took
	Status  int    // code of the HTTP answer or of the mail server; 0 without one
	Error   string // empty: delivered
}

// Attempts returns the attempts of a delivery in their order.
func (q Queries) Attempts(ctx context.Context, deliveryID int64) ([]Attempt, error) {
	return many(ctx, q.q, func(s scanner) (a Attempt, err error) {
		err = s.Scan(&a.Attempt, &a.At, &a.MS, &a.Status, &a.Error)
		return a, err
	}, `SELECT attempt, at, ms, status, error FROM delivery_attempts WHERE delivery_id = $1 ORDER BY attempt`, deliveryID)
}

// SaveAttempt stores the attempt d.Attempts and its outcome: state, error, next attempt, whether it counts. A late one is ignored: its
// lease has run out and another attempt has begun. The secret is erased when the delivery has ended. The zero Attempt is
// not listed: seeded deliveries end without one.
func (tx *Tx) SaveAttempt(ctx context.Context, d Delivery, a Attempt) error {
	n, err := tx.exec(ctx, `UPDATE deliveries SET state = $3, next_at = $4, error = $5, ended_at = $6, uncounted = $7, parked = 0,
		secret = CASE WHEN $3 = 'waiting' THEN secret END WHERE id = $1 AND attempts = $2 AND state = 'waiting'`,
		d.ID, d.Attempts, d.State, d.NextAt, d.Error, d.EndedAt, d.Uncounted)
	if err != nil || n == 0 || a.At == 0 {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO delivery_attempts (delivery_id, attempt, at, ms, status, error) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`, // saved again by who was not told whether it was saved
		d.ID, d.Attempts, a.At, a.MS, a.Status, a.Error)
	return err
}

// ParkDelivery lets a claimed delivery wait until its integration is switched on, without counting the attempt; it fails
// when it is older than SwitchedOffLimit. One whose integration has been switched on meanwhile is due again.
func (tx *Tx) ParkDelivery(ctx context.Context, d Delivery, now Millis) error {
	change, at := `parked = 1, held_at = 0, next_at = $3, error = $4`, d.CreatedAt.Add(SwitchedOffLimit)
	if now >= at {
		change, at = `parked = 0, state = 'failed', ended_at = $3, error = $4, secret = NULL`, now
	}
	n, err := tx.exec(ctx, `UPDATE deliveries SET attempts = attempts - 1, `+change+` WHERE id = $1 AND attempts = $2 AND state = 'waiting'
		AND EXISTS (SELECT 1 FROM integrations i WHERE i.id = deliveries.integration_id AND i.active = 0)`, d.ID, d.Attempts, at, SwitchedOff)
	if err != nil || n > 0 {
		return err
	}
	return tx.ReleaseDelivery(ctx, d, now)
}

// followIntegration parks what waits for an integration that is not active, but not what is being sent: switched on
// before that attempt has ended and has its row, it would be sent twice. For an active one, what was parked is due again.
func (tx *Tx) followIntegration(ctx context.Context, id int64, active bool) error {
	if !active {
		_, err := tx.exec(
			ctx,
			`UPDATE deliveries SET parked = 1, held_at = 0, next_at = created_at + $2, error = $3
			WHERE integration_id = $1 AND state = 'waiting' AND parked = 0 AND (attempts = 0 OR EXISTS (SELECT 1 FROM delivery_attempts a
				WHERE a.delivery_id = deliveries.id AND a.attempt = deliveries.attempts))`,
			id,
			SwitchedOffLimit.Milliseconds(),
			SwitchedOff,
		)
		return err
	}
	_, err := tx.exec(
		ctx,
		`UPDATE deliveries SET parked = 0, next_at = created_at, error = '' WHERE integration_id = $1 AND state = 'waiting' AND parked = 1`,
		id,
	)
	return err
}

// Outcomes are the ends of deliveries.
type Outcomes struct {
	Ended, Failed int
	Error         string // why the last one failed
}

// RecentOutcomes returns how the deliveries to an integration ended since a time; tests, and those before its settings
// last changed or it was last switched on, do not count.
func (q Queries) RecentOutcomes(ctx context.Context, integrationID int64, since Millis) (Outcomes, error) {
	return one(ctx, q.q, func(s scanner) (o Outcomes, err error) {
		err = s.Scan(&o.Ended, &o.Failed, &o.Error)
		return o, err
	}, `SELECT count(*), count(*) FILTER (WHERE state = 'failed'),
		coalesce((SELECT error FROM deliveries WHERE integration_id = $1 AND uncounted = 0 AND ended_at > 0 AND state = 'failed'
			ORDER BY ended_at DESC LIMIT 1), '')
		FROM deliveries WHERE integration_id = $1 AND uncounted = 0 AND ended_at > 0 AND ended_at >= $2`, integrationID, since)
}

// LastFailure is the failure of the last delivery to an integration that ended.
type LastFailure struct {
	IntegrationID int64
	At            Millis // zero: it did not fail, or nothing has ended
	Error         string
}

// LastFailures returns the integrations whose last ended delivery failed, of those that count: what failed with other
// settings says nothing about the present ones.
func (q Queries) LastFailures(ctx context.Context) ([]LastFailure, error) {
	return many(ctx, q.q, func(s scanner) (f LastFailure, err error) {
		err = s.Scan(&f.IntegrationID, &f.At, &f.Error)
		return f, err
	}, `SELECT d.integration_id, d.ended_at, d.error FROM integrations i JOIN deliveries d ON d.id =
		(SELECT id FROM deliveries WHERE integration_id = i.id AND uncounted = 0 AND ended_at > 0 ORDER BY ended_at DESC, id DESC LIMIT 1)
		WHERE d.state = 'failed'`)
}

// FailedSince returns how many deliveries to an integration have failed since a time, of those that count.
func (q Queries) FailedSince(ctx context.Context, integrationID int64, since Millis) (int, error) {
	return one(
		ctx,
		q.q,
		value[int],
		`SELECT count(*) FROM deliveries WHERE integration_id = $1 AND uncounted = 0 AND state = 'failed' AND ended_at >= $2`,
		integrationID,
		since,
	)
}

// EndedSince returns how many deliveries to an integration have ended since a time, of those that count; more than limit
// are not counted. SQLite seeks by the first of the two bounds: the other one only says which index serves.
func (q Queries) EndedSince(ctx context.Context, integrationID int64, since Millis, limit int) (int, error) {
	return one(
		ctx,
		q.q,
		value[int],
		`SELECT count(*) FROM (SELECT 1 FROM deliveries
			WHERE integration_id = $1 AND uncounted = 0 AND ended_at >= $2 AND ended_at > 0 LIMIT $3) AS counted`,
		integrationID,
		since,
		limit,
	)
}

// ReleaseDelivery gives back a claimed delivery whose attempt has not been made. One that has not been tried before is in its place again
// among others that wait.
func (tx *Tx) ReleaseDelivery(ctx context.Context, d Delivery, now Millis) error {
	_, err := tx.exec(ctx, `UPDATE deliveries SET attempts = attempts - 1,
		next_at = CASE WHEN attempts = 1 AND created_at < $3 THEN created_at ELSE $3 END WHERE id = $1 AND attempts = $2 AND state = 'waiting'`,
		d.ID, d.Attempts, now)
	return err
}

// PostponeDelivery gives back a claimed delivery whose attempt could not be made, for a reason, until a time.
func (tx *Tx) PostponeDelivery(ctx context.Context, d Delivery, until Millis, reason string) error {
	_, err := tx.exec(ctx, `UPDATE deliveries SET attempts = attempts - 1, next_at = $3, error = $4
		WHERE id = $1 AND attempts = $2 AND state = 'waiting'`, d.ID, d.Attempts, until, reason)
	return err
}

// DueAfterJump makes due what would wait beyond a time, because it was queued or tried while the clock was ahead. What is being
// sent, and what waits for its integration to be switched on, is left.
func (tx *Tx) DueAfterJump(ctx context.Context, now, beyond Millis) error {
	_, err := tx.exec(ctx, `UPDATE deliveries SET next_at = $1 WHERE state = 'waiting' AND parked = 0 AND next_at > $2
		AND (attempts = 0 OR EXISTS (SELECT 1 FROM delivery_attempts a
			WHERE a.delivery_id = deliveries.id AND a.attempt = deliveries.attempts))`, now, beyond)
	return err
}

// CancelLinkMails ends the waiting mails to a person that have a link. What tells them of something that was done, such as the end of a
// second factor, waits on: nobody can keep them from learning it.
func (tx *Tx) CancelLinkMails(ctx context.Context, userID int64, now Millis, reason string) error {
	_, err := tx.exec(
		ctx,
		`UPDATE deliveries SET state = 'failed', ended_at = $2, error = $3, secret = NULL
			WHERE user_id = $1 AND state = 'waiting' AND secret IS NOT NULL`,
		userID,
		now,
		reason,
	)
	return err
}
