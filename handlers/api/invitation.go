package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"console/handlers"
	"console/internal/account"
	"console/internal/permission"
)

func invitationOperations() []Operation {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	const ok, created, empty = http.StatusOK, http.StatusCreated, http.StatusNoContent
	return []Operation{
		{get, "/invitations", "listInvitations", "The invitations that nobody has accepted yet, also those whose link has run out.", ok,
			handlers.Holding(permission.UsersView), by((*API).listInvitations)},
		{post, "/invitations", "inviteByLink", "Invites somebody by a link to be handed on, which is answered this once.", created,
			handlers.Holding(permission.UsersCreate), by((*API).inviteByLink)},
		{get, "/invitations/{id}", "readInvitation", "An invitation that nobody has accepted yet.", ok,
			handlers.Holding(permission.UsersView), by((*API).readInvitation)},
		{patch, "/invitations/{id}", "changeInvitedRole", "Gives somebody who is invited another role.", ok,
			handlers.Holding(permission.UsersUpdate), by((*API).changeInvitedRole)},
		{del, "/invitations/{id}", "revokeInvitation", "Revokes an invitation: its links no longer work, and its person leaves the list.", empty,
			handlers.Holding(permission.UsersCreate), by((*API).revokeInvitation)},
		{post, "/invitations/{id}/resend", "resendInvitation", "Mails somebody who is invited by mail a new link.", empty,
			handlers.Holding(permission.UsersCreate), by((*API).resendInvitation)},
		{post, "/invitations/{id}/link", "renewInvitationLink", "Makes a new link to be handed on, which is answered this once.", ok,
			handlers.Holding(permission.UsersCreate), by((*API).renewInvitationLink)},
	}
}

// invitation is what somebody is invited by who has not accepted yet.
type invitation struct {
	ID        int64     `json:"id"`
	UserID    int64     `json:"user_id"`
	Email     string    `json:"email"`
	FirstName string    `json:"first_name"`
	LastName  string    `json:"last_name"`
	Role      string    `json:"role"`
	TenantID  int64     `json:"tenant_id" description:"Of an invitation by link: where the role will hold; 0 stands for everywhere."`
	ByLink    bool      `json:"by_link" description:"Its link is handed on; otherwise it is mailed."`
	InvitedBy person    `json:"invited_by" description:"With id 0 where they were deleted, or it was the command line."`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at" description:"Until when its link works."`
}

func (i invitation) location() string { return fmt.Sprint("/invitations/", i.ID) }

func invitationOf(p account.Pending) invitation {
	return invitation{ID: p.Invitation.ID, UserID: p.User.ID, Email: p.User.Email, FirstName: p.User.FirstName, LastName: p.User.LastName,
		Role: string(p.User.Role), TenantID: p.Invitation.TenantID, ByLink: p.Invitation.ByLink,
		InvitedBy: person{p.Invitation.InviterID, p.Invitation.InviterName, p.Invitation.InviterEmail},
		CreatedAt: p.Invitation.CreatedAt.Time(), ExpiresAt: p.Invitation.ExpiresAt.Time().UTC()}
}

func (a *API) listInvitations(c handlers.Request, in paging) (page[invitation], error) {
	found, err := a.account.Invitations(c.Context(), c.Actor(), positive(in.Cursor), in.Limit+1)
	next := ""
	if len(found) > in.Limit {
		found = found[:in.Limit]
		next = strconv.FormatInt(found[in.Limit-1].Invitation.ID, 10)
	}
	return pageOf(found, invitationOf, next), err
}

// newInvitation is somebody to be invited by a link.
type newInvitation struct {
	Email     string `json:"email" required:"true"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Role      string `json:"role" required:"true" enum:"admin,analyst,read_only,api_developer,global_admin,global_analyst,global_read_only"`
	TenantID  int64  `json:"tenant_id,omitempty" description:"Where the role will hold. Global roles hold everywhere."`
	Duration  string `json:"duration" required:"true" enum:"1h,1d,3d,7d,30d" description:"How long the link works."`
}

// issuedInvitation is an invitation with its link.
type issuedInvitation struct {
	invitation
	Link string `json:"link" description:"Where its person signs up. It is kept nowhere, and empty where the request was sent again."`
}

// issued is an invitation with the link that was just made.
func (a *API) issued(i account.Issued) issuedInvitation {
	return issuedInvitation{invitationOf(account.Pending{Invitation: i.Invitation, User: i.User}), a.baseURL + "/signup/" + i.Token}
}

func (a *API) inviteByLink(c handlers.Request, in newInvitation) (issuedInvitation, error) {
	i, err := a.account.InviteByLink(c.Context(), creating(c, "user"), account.NewUser{Email: in.Email, FirstName: in.FirstName,
		LastName: in.LastName, Role: permission.Role(in.Role), TenantID: in.TenantID, Duration: in.Duration})
	if id, before := doneBefore(c, err); before {
		pending, err := a.account.InvitationOf(c.Context(), c.Actor(), id)
		return issuedInvitation{invitation: invitationOf(pending)}, err
	}
	return a.issued(i), err
}

// invitationPreview is an invitation, and what tells it from itself with another role.
type invitationPreview struct {
	invitation
	digest
}

func (a *API) readInvitation(c handlers.Request, in object) (invitationPreview, error) {
	found, err := a.account.OpenInvitation(c.Context(), c.Actor(), in.ID)
	return invitationPreview{invitationOf(found), digestOf(found)}, err
}

// invitedRole is another role for somebody who is invited.
type invitedRole struct {
	end
	Role string `json:"role" required:"true" enum:"admin,analyst,read_only,api_developer,deploy,global_admin,global_analyst,global_read_only"`
}

func (a *API) changeInvitedRole(c handlers.Request, in invitedRole) (user, error) {
	u, err := a.account.ChangeInvitedRole(c.Context(), in.confirming(c), in.ID, permission.Role(in.Role))
	return userOf(u), err
}

func (a *API) revokeInvitation(c handlers.Request, in end) (none, error) {
	_, err := a.account.RevokeInvitation(c.Context(), in.confirming(c), in.ID)
	return none{}, err
}

func (a *API) resendInvitation(c handlers.Request, in object) (none, error) {
	_, err := a.account.ResendInvitation(c.Context(), c.Actor(), in.ID)
	return none{}, err
}

func (a *API) renewInvitationLink(c handlers.Request, in object) (issuedInvitation, error) {
	i, err := a.account.NewLink(c.Context(), c.Actor(), in.ID)
	return a.issued(i), err
}
