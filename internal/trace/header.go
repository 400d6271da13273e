package trace

import (
	"net/http"
	"regexp"
	"strings"
)

// parent is the header traceparent as far as a reader of version 00 goes (W3C Trace Context, §3.2.2): version, id of the trace, id of
// the caller's span, flags. A later version may have more behind them.
var parent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$`)

// IDOf returns the id of the trace that the header traceparent of a request names, or "" where there is none, more than one, or one
// that is malformed: then the standard has it ignored. A library for this would bring a protocol of spans that nobody here sends.
func IDOf(header http.Header) string {
	sent := header.Values("Traceparent")
	if len(sent) != 1 {
		return ""
	}
	part := parent.FindStringSubmatch(strings.TrimSpace(sent[0]))
	switch {
	case part == nil, part[1] == "ff", part[1] == "00" && part[4] != "", isZero(part[2]), isZero(part[3]):
		return ""
	}
	return part[2]
}

func isZero(digits string) bool { return strings.Trim(digits, "0") == "" }

// maxID is how long a request id may be, in characters: longer ones than any proxy makes would fill the log.
const maxID = 64

var plainID = regexp.MustCompile(`^[0-9A-Za-z._-]+$`)

// IsID says whether text is fit to be the id of a request: 64 letters, digits, dots, hyphens and underscores at most. It is shown on
// pages, and searched in logs.
func IsID(text string) bool { return len(text) <= maxID && plainID.MatchString(text) }
