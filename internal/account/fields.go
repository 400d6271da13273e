package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// garbled is said of bytes that are no UTF-8: nobody could read or search for them.
const garbled = "Some of these characters cannot be read. Type them again."

// Limits of what people type.
const (
	MaxEmail       = 254 // characters, RFC 5321 §4.5.3.1.3
	MaxName        = 255 // characters, first and last name with the space between them
	MaxTitle       = 255 // characters, of the account, a trigger, an integration
	MaxDescription = 1000
	maxLocalPart   = 64 // characters, RFC 5321 §4.5.3.1.1
)

// parseEmail returns the address as it is stored (trimmed, domain in lower case and ASCII) and as it is compared
// (case does not matter), or the reason why it is refused.
func parseEmail(text string) (email, key, refusal string) {
	const malformed = "Enter an email address like name@example.com."
	if !utf8.ValidString(text) {
		return "", "", garbled
	}
	text = norm.NFC.String(strings.TrimSpace(text))
	if text == "" {
		return "", "", "Enter an email address."
	}
	if utf8.RuneCountInString(text) > MaxEmail {
		return "", "", "An email address has at most 254 characters."
	}
	at := strings.LastIndexByte(text, '@')
	if at < 1 || utf8.RuneCountInString(text[:at]) > maxLocalPart || strings.ContainsFunc(text[:at], notInLocalPart) ||
		strings.HasPrefix(text, ".") || strings.Contains(text[:at], "..") || text[at-1] == '.' {
		return "", "", malformed
	}
	domain, err := idna.Lookup.ToASCII(text[at+1:])
	if err != nil || domain == "" || strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") {
		return "", "", malformed
	}
	email = text[:at] + "@" + strings.ToLower(domain)
	if utf8.RuneCountInString(email) > MaxEmail {
		return "", "", "An email address has at most 254 characters."
	}
	return email, norm.NFC.String(cases.Fold().String(email)), ""
}

// notInLocalPart refuses what would need quoting (RFC 5322 §3.2.3), spaces and control characters.
func notInLocalPart(r rune) bool {
	return strings.ContainsRune(`()<>[]:;@\,"`, r) || unicode.IsSpace(r) || !unicode.IsPrint(r)
}

// parseNames returns first and last name as stored, and notes what is refused.
func parseNames(first, last string, refused Invalid) (string, string) {
	first, last = line(first), line(last)
	if reason := refuseText(first); reason != "" {
		refused["first_name"] = reason
	}
	if reason := refuseText(last); reason != "" {
		refused["last_name"] = reason
	}
	if utf8.RuneCountInString(first)+utf8.RuneCountInString(last)+1 > MaxName+1 || utf8.RuneCountInString(strings.TrimSpace(first+" "+last)) > MaxName {
		refused["first_name"] = "First and last name together have at most 255 characters."
	}
	return first, last
}

// parseTitle returns a required name as stored, and notes in field why it is refused.
func parseTitle(text, field, what string, refused Invalid) string {
	text = line(text)
	switch {
	case text == "":
		refused[field] = "Enter " + what + "."
	case utf8.RuneCountInString(text) > MaxTitle:
		refused[field] = "At most 255 characters."
	default:
		if reason := refuseText(text); reason != "" {
			refused[field] = reason
		}
	}
	return text
}

// line is text in its canonical form, NFC without surrounding space.
func line(text string) string { return norm.NFC.String(strings.TrimSpace(text)) }

// refuseText says why a text of one line is refused: control characters break logs and mail headers, and direction
// controls make a name read as something else. Text in right-to-left scripts needs neither.
func refuseText(text string) string {
	if !utf8.ValidString(text) {
		return garbled
	}
	for _, r := range text {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return "Line breaks and control characters are not allowed."
		case unicode.Is(unicode.Bidi_Control, r):
			return "Invisible characters that change the writing direction are not allowed."
		}
	}
	return ""
}
