package api

import (
	"console/handlers"
	"console/internal/account"
	"console/store"
)

// linksTaken are the signup links that end with a change, because somebody who has them could not make them any more.
type linksTaken struct {
	Revoked []person `json:"links_revoked" description:"Who is invited by a link that is revoked with it."`
	Mailed  []person `json:"mailed_anew" description:"Who is invited by mail and is sent another link."`
}

func linksOf(taken account.LinksTaken) linksTaken {
	return linksTaken{peopleOf(taken.Revoked), peopleOf(taken.Mailed)}
}

// preview is what a change takes away.
type preview struct {
	digest
	Losing  int    `json:"losing" description:"How many people lose something."`
	Gaining int    `json:"gaining" description:"How many people gain something; counted only where the change names the people."`
	First   []loss `json:"first" description:"The first twenty of those who lose something, by id."`
	linksTaken
}

// loss is what somebody loses.
type loss struct {
	person
	Lost []tenantPermissions `json:"lost"`
}

func previewOf(p account.Preview) preview {
	told := preview{digest: digestOf(p), Losing: p.Losing, Gaining: p.Gaining, First: []loss{}, linksTaken: linksOf(p.Links)}
	for _, l := range p.First {
		told.First = append(told.First, loss{personOf(l.User), permissionsByTenant(l.Lost)})
	}
	return told
}

func (a *API) previewMembership(c handlers.Request, in membershipChange) (preview, error) {
	p, err := a.account.PreviewMembership(c.Context(), c.Actor(), in.ID, in.input())
	return previewOf(p), err
}

// endPreview is what disabling or deleting somebody does beyond them.
type endPreview struct {
	digest
	User     person              `json:"user"`
	Lost     []tenantPermissions `json:"lost" description:"What they may do at present, and then no more; nothing where they are disabled already."`
	Groups   []membershipGroup   `json:"groups" description:"The groups that they are in, those of their role among them. Disabled people stay in them, and come back with them."`
	Sessions int                 `json:"sessions" description:"In how many browsers they are signed in, and signed out."`
	Personal []named             `json:"personal_tokens" description:"Personal API tokens of theirs, which are disabled, or deleted with them."`
	linksTaken
	Tokens       []endedToken `json:"tokens" description:"Shared API tokens of theirs, which are disabled unless they are taken over."`
	Integrations []named      `json:"integrations" description:"Email integrations that contain their address, where you may change them."`
}

// endedToken is a shared token that is disabled with its owner's access.
type endedToken struct {
	named
	Takeable bool `json:"takeable" description:"You may take it over."`
}

func endPreviewOf(p account.EndPreview) endPreview {
	told := endPreview{digest: digestOf(p), User: personOf(p.User), Lost: permissionsByTenant(p.Lost), Groups: membershipGroups(p.Groups),
		Sessions: p.Sessions, Personal: []named{}, linksTaken: linksOf(p.Links), Tokens: endedTokensOf(p.Tokens),
		Integrations: integrationNames(p.Integrations)}
	for _, t := range p.Personal {
		told.Personal = append(told.Personal, named{t.ID, t.Name})
	}
	return told
}

func endedTokensOf(tokens []account.EndedToken) []endedToken {
	ended := []endedToken{}
	for _, t := range tokens {
		ended = append(ended, endedToken{named{t.ID, t.Name}, t.Takeable})
	}
	return ended
}

func integrationNames(integrations []store.Integration) []named {
	names := []named{}
	for _, i := range integrations {
		names = append(names, named{i.ID, i.Name})
	}
	return names
}

func (a *API) previewDisableUser(c handlers.Request, in object) (endPreview, error) {
	p, err := a.account.PreviewDisable(c.Context(), c.Actor(), in.ID)
	return endPreviewOf(p), err
}

func (a *API) previewDeleteUser(c handlers.Request, in object) (endPreview, error) {
	p, err := a.account.PreviewDelete(c.Context(), c.Actor(), in.ID)
	return endPreviewOf(p), err
}
