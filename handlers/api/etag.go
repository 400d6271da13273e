package api

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"console/handlers"
)

// The headers by which a request depends on the version of something (RFC 9110 §13.1).
const (
	headerIfMatch     = "If-Match"
	headerIfNoneMatch = "If-None-Match"
)

// keyVersion is under what a request keeps the version that it goes by, where that stands for several ETags.
const keyVersion = "version"

// never is the version that nothing has.
const never = math.MaxInt64

// etags are those in a header. All of them are meant where it is an asterisk. Whether one is weak does not matter, also where RFC 9110
// §13.1.1 says that it does: it is the number of a version, and a proxy that compresses an answer makes its ETag weak.
type etags struct {
	all  bool
	tags []string // without their quotes
}

// nextETag is the first in a list of ETags. A number may stand there without quotes.
var nextETag = regexp.MustCompile(`^(?:W/)?(?:"([^"]*)"|([0-9]+))[ \t]*(?:,|$)`)

// readETags reads a header, which may stand there several times. It returns false for what is none, and for what cannot be read.
func readETags(header []string) (found etags, readable bool) {
	const between = " \t,"
	rest := strings.Trim(strings.Join(header, ","), between)
	if rest == "*" {
		return etags{all: true}, true
	}
	for rest != "" {
		tag := nextETag.FindStringSubmatch(rest)
		if tag == nil {
			return etags{}, false
		}
		found.tags = append(found.tags, tag[1]+tag[2])
		rest = strings.TrimLeft(rest[len(tag[0]):], between)
	}
	return found, len(found.tags) > 0
}

// tagOf is the ETag of a version without its quotes.
func tagOf(version int64) string { return strconv.FormatInt(version, 10) }

// knows says whether whoever reads something has it in this version already (RFC 9110 §13.1.2).
func knows(r *http.Request, version int64) bool {
	found, readable := readETags(r.Header.Values(headerIfNoneMatch))
	return readable && (found.all || slices.Contains(found.tags, tagOf(version)))
}

// ifMatch is the version that a change goes by.
func ifMatch(c echo.Context) (int64, error) {
	if version, is := c.Get(keyVersion).(int64); is {
		return version, nil
	}
	header := c.Request().Header.Values(headerIfMatch)
	if strings.Join(header, "") == "" {
		return 0, echo.NewHTTPError(http.StatusPreconditionRequired,
			"This changes something that has a version. Send the ETag of what was read along, in the header If-Match.")
	}
	found, readable := readETags(header)
	if !readable {
		return 0, unreadable("The header If-Match is no ETag of this console.")
	}
	for _, text := range found.tags {
		if version := positive(text); version > 0 && tagOf(version) == text {
			return version, nil
		}
	}
	return never, nil
}

// chooseVersion finds out which of several ETags a change goes by: the present one, if it is among them.
func (a *API) chooseVersion(c handlers.Request, o Operation) error {
	found, readable := readETags(c.Request().Header.Values(headerIfMatch))
	if !o.Versioned() || !readable || !found.all && len(found.tags) < 2 {
		return nil
	}
	present, err := a.account.PresentVersion(c.Context(), c.Actor(), o.versionedObject(), positive(c.Param("id")))
	if err != nil {
		return err
	}
	if !found.all && !slices.Contains(found.tags, tagOf(present)) {
		present = never
	}
	c.Set(keyVersion, present)
	return nil
}
