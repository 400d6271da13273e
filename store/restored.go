package store

import "context"

// Ended is how much was ended of what a copy of the database brought back.
type Ended struct {
	Sessions    int64
	HalfSignIns int64 // sessions that wait for a second factor or set one up
	SignupLinks int64
	ResetLinks  int64 // also requests that no mail has answered yet
	Messages    int64
	Tokens      int64 // disabled, not deleted: whoever knows which are to work enables them
}

// EndAll ends all sessions and links, what waits to be sent, and all leases. reason becomes the error of the messages.
func (tx *Tx) EndAll(ctx context.Context, now Millis, reason string) (Ended, error) {
	var ended Ended
	var requests int64
	for _, part := range []struct {
		count *int64
		query string
		args  []any
	}{
		{&ended.Sessions, `DELETE FROM sessions WHERE stage = ''`, nil},
		{&ended.HalfSignIns, `DELETE FROM sessions`, nil},
		{&ended.SignupLinks, `UPDATE signup_links SET ended = 'revoked' WHERE ended = ''`, nil},
		{&ended.ResetLinks, `UPDATE reset_links SET ended = 'revoked' WHERE ended = ''`, nil},
		{&requests, `DELETE FROM reset_requests`, nil},
		{&ended.Tokens, `UPDATE tokens SET disabled_at = $1, disabled_why = $2 WHERE disabled_at = 0`, []any{now, TokenRestored}},
		{&ended.Messages, `UPDATE deliveries SET state = 'failed', ended_at = $1, error = $2, secret = NULL, parked = 0, uncounted = 1
			WHERE state = 'waiting'`, []any{now, reason}},
	} {
		n, err := tx.exec(ctx, part.query, part.args...)
		if err != nil {
			return Ended{}, err
		}
		*part.count = n
	}
	if _, err := tx.exec(ctx, `DELETE FROM leases`); err != nil { // of processes that were at work when the copy was made
		return Ended{}, err
	}
	ended.ResetLinks += requests
	return ended, nil
}
