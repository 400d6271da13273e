package views

import (
	"cmp"
	"context"
	"net/url"
	"strings"
)

// backOr is where one came from to a page about people, or the usual page before it.
func backOr(ctx context.Context, usual string) string { return cmp.Or(frame(ctx).CameFrom, usual) }

// withBack is the path of a page that leads back to where one came from to this one. The plain list is known without being said.
func withBack(ctx context.Context, path string) string {
	from := frame(ctx).CameFrom
	if from == "" || from == usersPath {
		return path
	}
	return carrying(path, from)
}

// fromUser is the path of something that is done on the page of a person: it leads back there, and from there to the list.
func fromUser(ctx context.Context, path string, id int64) string {
	page := UserPath(id, "")
	if back := withBack(ctx, page); back != page {
		return carrying(path, back)
	}
	return path
}

// carrying is a path with the page that it leads back to.
func carrying(path, back string) string {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return path + mark + "back=" + url.QueryEscape(back)
}

// JobLeadingBack is where a job can be watched, and from where one goes back to the list as it was.
func JobLeadingBack(id int64, back string) string {
	if back == "" || back == usersPath {
		return jobPath(id)
	}
	return carrying(jobPath(id), back)
}
