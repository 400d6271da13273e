package store

import (
	"context"
	"time"
)

// HeldLimit is how long a delivery waits for a server that takes nothing.
const HeldLimit = 24 * time.Hour

// Hold is a target whose server takes nothing at present. What waits for it is tried one by one, with pauses between.
type Hold struct {
	Target        string
	IntegrationID int64 // 0 for the mail server
	Since         Millis
	Until         Millis        // when the next delivery may be tried
	Pause         time.Duration // the latest, before what the server asked for
	Reason        string
}

const holdColumns = `target, coalesce(integration_id, 0), since, until, pause, reason`

func scanHold(s scanner) (h Hold, err error) {
	var pause int64
	err = s.Scan(&h.Target, &h.IntegrationID, &h.Since, &h.Until, &pause, &h.Reason)
	h.Pause = time.Duration(pause) * time.Millisecond
	return h, err
}

// Holds returns the targets that are held.
func (q Queries) Holds(ctx context.Context) ([]Hold, error) {
	return many(ctx, q.q, scanHold, `SELECT `+holdColumns+` FROM delivery_holds`)
}

// HoldOf returns ErrNotFound for a target that is not held.
func (q Queries) HoldOf(ctx context.Context, target string) (Hold, error) {
	return one(ctx, q.q, scanHold, `SELECT `+holdColumns+` FROM delivery_holds WHERE target = $1`, target)
}

// SaveHold holds a target, or stores how it goes on. One of an integration that is gone is left out.
func (tx *Tx) SaveHold(ctx context.Context, h Hold) error {
	_, err := tx.exec(
		ctx,
		`INSERT INTO delivery_holds (target, integration_id, since, until, pause, reason)
		SELECT $1, nullif(CAST($2 AS BIGINT), 0), $3, $4, $5, $6
		WHERE CAST($2 AS BIGINT) = 0 OR EXISTS (SELECT 1 FROM integrations i WHERE i.id = $2)
		ON CONFLICT (target) DO UPDATE SET until = excluded.until, pause = excluded.pause, reason = excluded.reason`,
		h.Target,
		h.IntegrationID,
		h.Since,
		h.Until,
		h.Pause.Milliseconds(),
		h.Reason,
	)
	return err
}

// HoldsAfterJump lets the targets be tried now whose hold began, or would end, beyond what a clock that was not ahead could say.
func (tx *Tx) HoldsAfterJump(ctx context.Context, now, beyond Millis) error {
	_, err := tx.exec(ctx, `UPDATE delivery_holds SET until = $1, since = CASE WHEN since > $1 THEN $1 ELSE since END
		WHERE until > $2 OR since > $1`, now, beyond)
	return err
}

// MoveHold sets when the next delivery to a target may be tried. One that is not held stays so.
func (tx *Tx) MoveHold(ctx context.Context, target string, until Millis) error {
	_, err := tx.exec(ctx, `UPDATE delivery_holds SET until = $2 WHERE target = $1`, target, until)
	return err
}

// LiftHold lets deliveries to a target go on as usual.
func (tx *Tx) LiftHold(ctx context.Context, target string) error {
	_, err := tx.exec(ctx, `DELETE FROM delivery_holds WHERE target = $1`, target)
	return err
}

// HoldDelivery gives back a claimed delivery because of its server, with the reason: the attempt does not count.
func (tx *Tx) HoldDelivery(ctx context.Context, d Delivery, now Millis, reason string) error {
	_, err := tx.exec(ctx, `UPDATE deliveries SET attempts = attempts - 1, next_at = $3, error = $4,
		held_at = CASE held_at WHEN 0 THEN $3 ELSE held_at END WHERE id = $1 AND attempts = $2 AND state = 'waiting'`,
		d.ID, d.Attempts, now, reason)
	return err
}

// FailHeld ends the deliveries that have waited for a held target longer than HeldLimit, but none that is being sent.
func (tx *Tx) FailHeld(ctx context.Context, target string, now Millis, reason string) error {
	_, err := tx.exec(ctx, `UPDATE deliveries SET state = 'failed', ended_at = $2, error = $3, secret = NULL
		WHERE state = 'waiting' AND target = $1 AND priority IN (0, 1, 2) AND next_at <= $2 AND created_at <= $4`,
		target, now, reason, now.Add(-HeldLimit))
	return err
}
