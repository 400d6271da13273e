package handlers

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"console/internal/account"
	"console/store"
	"console/views"
)

// buffers hold pages being rendered. They begin with room for a full one: growing to it would take twice the memory.
var buffers = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 128<<10)) }}

// render sends a component when it is whole: one that fails half-way has sent nothing.
func (h *Console) render(c request, status int, component templ.Component) error {
	frame, err := h.frame(c)
	if err != nil {
		return err
	}
	return sendComponent(c, status, views.WithFrame(c.Context(), frame), component)
}

// sendComponent renders a component into a buffer, and sends it when it is whole.
func sendComponent(c request, status int, framed context.Context, component templ.Component) error {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	if err := component.Render(framed, buffer); err != nil {
		return err
	}
	c.Response().Header().Add("Vary", "HX-Request")
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(buffer.Len())) // else it is sent in chunks; compressing takes it away
	return c.HTMLBlob(status, buffer.Bytes())
}

// renderPart sends the part to an htmx request and the page that contains it to every other.
func (h *Console) renderPart(c request, status int, page, part templ.Component) error {
	if c.IsHTMX() {
		return h.render(c, status, part)
	}
	return h.render(c, status, page)
}

// frame is what surrounds the page of this request.
func (h *Console) frame(c request) (*views.Frame, error) {
	frame := &views.Frame{Brand: h.Brand, BasePath: h.basePath, CSRF: h.formToken(c), Now: h.Now(), Section: section(c.Path())}
	company, err := h.company(c)
	if errors.Is(err, store.ErrNotFound) { // before set-up
		frame.MinPassword = account.DefaultMinPassword
		return frame, nil
	}
	if err != nil {
		return nil, err
	}
	frame.MinPassword = company.PasswordMinLength
	if session := c.Session(); session != nil {
		frame.Email = session.Email
	}
	session := c.SignedIn()
	if session == nil {
		return frame, nil
	}
	frame.Company, frame.User = company.Name, &session.User
	if !c.IsHTMX() {
		frame.Path = c.Request().URL.RequestURI()
		if c.Request().Method != http.MethodGet { // its address may be no page
			frame.Path, frame.Posted = h.sectionPath(c.Path()), true
		}
		if frame.Tenants, err = h.account.TenantsOf(c.Context(), session.Actor); err != nil {
			return nil, err
		}
		frame.Tenant = h.tenantAmong(c, frame.Tenants)
	}
	frame.Can = session.Console()
	if !c.IsHTMX() {
		if frame.Tokens, err = h.account.SeesTokens(c.Context(), session.Actor); err != nil {
			return nil, err
		}
	}
	if frame.Section == "users" {
		frame.CameFrom = h.cameFrom(c)
		if page := h.usersPage(c.Request().URL.Path); page != "" && !isUserList(page) {
			frame.CameFrom = h.cameFromList(c)
		}
	}
	ends, final := session.Ends()
	frame.SessionEnds, frame.SessionFinal = ends.Time(), final
	if !c.IsHTMX() {
		f := h.takeFlash(c)
		frame.Flash, frame.FlashError, frame.FlashStays = f.Text, f.Error, f.Stays
		frame.FlashPath, frame.FlashLink = f.Path, f.Link
	}
	return frame, nil
}

// company is the account as of the beginning of the request; visitors have it read for them.
func (h *Console) company(c request) (store.Account, error) {
	if session := c.Session(); session != nil {
		return session.Account, nil
	}
	return h.account.Account(c.Context())
}

// sectionPath is where the section of a route begins, or the start.
func (h *Console) sectionPath(route string) string {
	if name := section(route); name != "" {
		return h.path("/settings/" + name)
	}
	return h.path("/")
}

// pageAt is ownPath for a page that somebody has in front of them. After a form was refused, its address may take forms
// only: then it is the page of its section.
func (h *Console) pageAt(address string) string {
	path := h.ownPath(address)
	if path == "" {
		return ""
	}
	at, _, _ := strings.Cut(path, "?")
	at = strings.TrimPrefix(at, h.basePath)
	for _, r := range h.Routes() {
		if r.Method == http.MethodGet && r.covers(at) {
			return path
		}
	}
	return h.sectionPath(at)
}

// section is the name of the section that a route belongs to, as in /settings/users/new; "" where it is none's.
func section(route string) string {
	_, rest, _ := strings.Cut(route, "/settings/")
	name, _, _ := strings.Cut(rest, "/")
	switch name {
	case "invitations", "jobs":
		return "users"
	case "deliveries":
		return "triggers"
	case "tenant": // the choice in the header
		return ""
	}
	return name
}

// path is a path of the console as browsers see it.
func (h *Console) path(path string) string { return h.basePath + path }

// done ends a form that has succeeded: the browser goes on to path, where text is announced.
func (h *Console) done(c request, path, text string) error {
	return h.redirect(c, path, flash{Text: text})
}

// redirect leads the browser to path, where f is announced unless it is empty.
func (h *Console) redirect(c request, path string, f flash) error {
	if f.Text != "" {
		h.setFlash(c, f)
	}
	if c.IsHTMX() {
		c.Response().Header().Set("HX-Redirect", h.path(path))
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, h.path(path))
}

// ownPath returns the path and query of an address of this console (with its base path), or "" for any other: nobody
// is led away from here (ASVS 3.7.2).
func (h *Console) ownPath(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || strings.ContainsAny(address, "\\\t\r\n") {
		return ""
	}
	if u.Host != "" && !h.isOurHost(u.Host) || u.Host == "" && u.Scheme != "" {
		return ""
	}
	// A slash that is escaped begins no path: a browser takes the address for a relative one.
	written := u.EscapedPath()
	if !strings.HasPrefix(u.Path, h.basePath+"/") || !strings.HasPrefix(written, h.basePath+"/") || strings.HasPrefix(written, "//") {
		return ""
	}
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String()
}

// renderPreview asks for confirmation; changed says that the last one was of something else.
func (h *Console) renderPreview(c request, changed error, page views.ConfirmPage) error {
	var status int
	page.Form, status = confirmation(c, changed)
	return h.renderPart(c, status, views.ConfirmPreview(page), views.ConfirmPreviewPart(page))
}
