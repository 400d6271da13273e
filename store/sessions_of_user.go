package store

import "context"

// SessionsOfUser returns the finished sessions of a person that have not ended by now, the most recently used first.
func (q Queries) SessionsOfUser(ctx context.Context, userID int64, now Millis) ([]Session, error) {
	return many(ctx, q.q, func(s scanner) (l Session, err error) {
		err = s.Scan(&l.ID, &l.UserID, &l.Address, &l.UserAgent, &l.CreatedAt, &l.LastSeenAt)
		return l, err
	}, `SELECT s.id, s.user_id, s.address, s.user_agent, s.created_at, s.last_seen_at FROM sessions s CROSS JOIN account a
		WHERE s.user_id = $1 AND s.created_at + a.absolute_timeout * 1000 > $2 AND s.last_seen_at + a.idle_timeout * 1000 > $2 AND s.stage = ''
		AND s.created_at <= $3 AND s.last_seen_at <= $3
		ORDER BY s.last_seen_at DESC, s.id DESC`, userID, now, now.Add(ClockSlack))
}

// DeleteSessionOfUser ends one session of a person; ErrNotFound says that they have no such session.
func (tx *Tx) DeleteSessionOfUser(ctx context.Context, userID, id int64) error {
	return tx.execOne(ctx, ErrNotFound, `DELETE FROM sessions WHERE id = $1 AND user_id = $2`, id, userID)
}
