package handlers

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"console/views"
)

// Who does something about people comes from the user list, in some state of it, or from the page of a person, and goes back there.
// htmx names the page that the browser shows. Without a script the browser names the page before in Referer; what lies further back
// is carried along in the field "back".

const userListPath = "/settings/users"

// cameFrom is the user list, in the state in which it was left, or the page of a person, from which somebody came to the page that
// they ask for or whose form they sent; "" where it is not known.
func (h *Console) cameFrom(c request) string {
	shown := h.usersPage(c.Request().Header.Get("HX-Current-URL"))
	if isUserList(shown) { // it changes its address without the links that carry one
		return shown
	}
	return cmp.Or(h.usersPage(h.path(c.FormValue("back"))), shown, h.usersPage(c.Request().Referer()))
}

// cameFromList is the user list that lies before the page of a person; "" where it is not known.
func (h *Console) cameFromList(c request) string {
	from := h.cameFrom(c)
	if isUserList(from) {
		return from
	}
	u, err := url.Parse(from)
	if err != nil {
		return ""
	}
	if list := h.usersPage(h.path(u.Query().Get("back"))); isUserList(list) {
		return list
	}
	return ""
}

// backToUsers is where a form about a person was sent from: their page, or the user list as it was.
func (h *Console) backToUsers(c request) string { return cmp.Or(h.cameFrom(c), userListPath) }

// backToUserList is the user list as it was left, for when the page of the person is gone.
func (h *Console) backToUserList(c request) string { return cmp.Or(h.cameFromList(c), userListPath) }

// usersPage is the path and query, without the base path, of an address that is the user list or the page of a person of this
// console; "" for every other.
func (h *Console) usersPage(address string) string {
	path := strings.TrimPrefix(h.ownPath(address), h.basePath)
	at, _, _ := strings.Cut(path, "?")
	id, err := strconv.ParseInt(strings.TrimPrefix(at, userListPath+"/"), 10, 64)
	if at == userListPath || err == nil && at == views.UserPath(id, "") {
		return path
	}
	return ""
}

func isUserList(path string) bool {
	at, _, _ := strings.Cut(path, "?")
	return at == userListPath
}
