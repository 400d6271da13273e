// Package views renders the pages. A page is a component that takes a plain struct; what surrounds every page comes
// from the context.
package views

import (
	"cmp"
	"context"
	"math"
	"strconv"
	"time"

	"console/internal/permission"
	"console/static"
	"console/store"
)

// Frame is what surrounds every page.
type Frame struct {
	Brand      string // of the product, in titles
	Company    string
	Tenant     store.Tenant   // chosen in the header
	Tenants    []store.Tenant // to choose from
	Path       string         // of this page, with its query: where choosing a tenant leads back to
	Posted     bool           // the page answers a form, so Path is that of its section
	BasePath   string         // before every path, without a slash at its end
	CSRF       string
	User       *store.User // nil: nobody is signed in
	Email      string      // of whose password forms ask for; also while their sign-in is not finished
	Can        permission.Set
	Section    string // the key of its entry in the sidebar
	Flash      string // the result of the request before this one
	FlashError bool
	FlashStays bool   // until it is dismissed
	FlashPath  string // where FlashLink leads; "": there is no link
	FlashLink  string
	CameFrom   string // the user list in some state, or the page of a person, from which one came to this page; "" where not known
	Now        time.Time

	MinPassword int // how many characters a new password needs

	SessionEnds  time.Time // unless the person goes on working
	SessionFinal bool      // even if they do
}

// isOf reports whether the person who reads the page is user.
func (f *Frame) isOf(user store.User) bool { return f.User != nil && f.User.ID == user.ID }

// theme is the colour scheme that the person has chosen, or "" where it is the system's.
func (f *Frame) theme() string {
	if f.User == nil || f.User.Theme == "system" {
		return ""
	}
	return f.User.Theme
}

// colorScheme is what the browser itself is to use.
func (f *Frame) colorScheme() string { return cmp.Or(f.theme(), "light dark") }

// secondsLeft is how long the session lasts, rounded up: when they are over, it has ended.
func (f *Frame) secondsLeft() string {
	return strconv.Itoa(int(math.Ceil(f.SessionEnds.Sub(f.Now).Seconds())))
}

const settingsPath = "/settings/"

type frameKey struct{}

// WithFrame returns a context in which pages find f.
func WithFrame(ctx context.Context, f *Frame) context.Context {
	return context.WithValue(ctx, frameKey{}, f)
}

var noFrame = &Frame{}

func frame(ctx context.Context) *Frame {
	if f, ok := ctx.Value(frameKey{}).(*Frame); ok {
		return f
	}
	return noFrame
}

// URL returns the path under the base path.
func URL(ctx context.Context, path string) string { return frame(ctx).BasePath + path }

func asset(ctx context.Context, name string) string { return URL(ctx, static.URL(name)) }

// symbol is the address of an icon.
func symbol(ctx context.Context, icon string) string { return asset(ctx, "icons.svg") + "#" + icon }

// section is a part of the console: an entry of the sidebar, and the pages under it.
type section struct {
	key, label, icon string
	needs            permission.Permission
	everybody        bool
	first            bool   // somebody who has signed in begins here, if they see none of those before it
	help             string // of its forms, where they are pages
}

var sections = [...]section{
	{key: "profile", label: "Profile", icon: "user", everybody: true, help: profileHelp},
	{key: "general", label: "General", icon: "settings", needs: permission.GeneralView, help: generalHelp},
	{key: "users", label: "Users", icon: "users", needs: permission.UsersView, first: true, help: usersHelp},
	{key: "groups", label: "Groups", icon: "building", needs: permission.GroupsView, first: true, help: groupsHelp},
	{key: "triggers", label: "Triggers", icon: "zap", needs: permission.TriggersView, first: true, help: triggersHelp},
	{key: "integrations", label: "Integrations", icon: "blocks", needs: permission.IntegrationsView, first: true, help: integrationsHelp},
	{key: "activity", label: "Activity log", icon: "scroll-text", needs: permission.ActivityView, help: activityHelp},
	{key: "tenants", label: "Tenants", icon: "server", needs: permission.TenantsUpdate, help: tenantsHelp},
}

func (s section) shownTo(can permission.Set) bool { return s.everybody || can.Has(s.needs) }

// Landing is where somebody with these permissions begins.
func Landing(can permission.Set) string {
	for _, s := range sections {
		if s.first && s.shownTo(can) {
			return settingsPath + s.key
		}
	}
	return profilePath
}

// help explains the section that the page belongs to.
func (f *Frame) help() string {
	for _, s := range sections {
		if s.key == f.Section {
			return s.help
		}
	}
	return ""
}

func pageTitle(ctx context.Context, title string) string {
	if brand := frame(ctx).Brand; brand != "" {
		return title + " · " + brand
	}
	return title
}
