package api

import (
	"net/http"
	"time"

	"console/handlers"
	"console/store"
)

func sessionOperations() []Operation {
	return []Operation{
		{http.MethodGet, "/sessions", "listSessions", "The browsers in which somebody is signed in, the oldest sign-in first.", http.StatusOK,
			handlers.SignedIn, by((*API).listSessions)},
		{http.MethodDelete, "/sessions", "endSessions", "Signs somebody out of all browsers.", http.StatusNoContent,
			handlers.SignedIn, by((*API).endSessions)},
		{http.MethodDelete, "/sessions/{id}", "endSession", "Signs somebody out of one browser.", http.StatusNoContent,
			handlers.SignedIn, by((*API).endSession)},
	}
}

// sessionOwner is whose sessions are meant.
type sessionOwner struct {
	UserID int64 `query:"user" json:"-" required:"true" minimum:"1" description:"The id of whose sessions they are."`
}

// session is a browser in which somebody is signed in.
type session struct {
	ID         int64     `json:"id"`
	Address    string    `json:"address" description:"From where they signed in."`
	UserAgent  string    `json:"user_agent"`
	SignedInAt time.Time `json:"signed_in_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

func sessionOf(s store.Session) session {
	return session{ID: s.ID, Address: s.Address, UserAgent: s.UserAgent, SignedInAt: s.CreatedAt.Time(),
		LastSeenAt: s.LastSeenAt.Time()}
}

// sessionList is how sessions are asked for.
type sessionList struct {
	paging
	sessionOwner
}

func (a *API) listSessions(c handlers.Request, in sessionList) (page[session], error) {
	sessions, err := a.account.SessionsOf(c.Context(), c.Actor(), in.UserID)
	return pageByID(sessions, in.paging, sessionOf, func(s session) int64 { return s.ID }), err
}

func (a *API) endSessions(c handlers.Request, in sessionOwner) (none, error) {
	return none{}, a.account.EndSessions(c.Context(), c.Actor(), in.UserID)
}

// sessionEnd is a session that is to end.
type sessionEnd struct {
	object
	sessionOwner
}

func (a *API) endSession(c handlers.Request, in sessionEnd) (none, error) {
	return none{}, a.account.EndSession(c.Context(), c.Actor(), in.UserID, in.ID)
}
