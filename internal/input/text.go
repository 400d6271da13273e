package input

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ParseNames returns first and last name as stored, either of which may be empty, and notes under first_name and last_name
// why they are refused.
func ParseNames(first, last string, refused map[string]string) (string, string) {
	first, last = Line(first), Line(last)
	if reason := RefuseText(first); reason != "" {
		refused["first_name"] = reason
	}
	if reason := RefuseText(last); reason != "" {
		refused["last_name"] = reason
	}
	if utf8.RuneCountInString(strings.TrimSpace(first+" "+last)) > MaxName {
		refused["first_name"] = "First and last name together have at most 255 characters."
	}
	return first, last
}

// ParseTitle returns a required name of at most MaxTitle characters as stored, and notes under field why it is refused.
// what completes the sentence “Enter …” for who has typed nothing.
func ParseTitle(text, field, what string, refused map[string]string) string {
	text = Line(text)
	switch {
	case text == "":
		refused[field] = "Enter " + what + "."
	case utf8.RuneCountInString(text) > MaxTitle:
		refused[field] = "At most 255 characters."
	default:
		if reason := RefuseText(text); reason != "" {
			refused[field] = reason
		}
	}
	return text
}

// Line returns text in its canonical form: NFC without surrounding space.
func Line(text string) string { return norm.NFC.String(strings.TrimSpace(text)) }

// RefuseText says why a text of one line is refused: control characters break logs and mail headers, and direction
// controls make a name read as something else. Text in right-to-left scripts needs neither.
func RefuseText(text string) string {
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

// RefusePhone says why a telephone number is refused; none at all is accepted.
func RefusePhone(phone string) string {
	switch reason := RefuseText(phone); {
	case reason != "":
		return reason
	case utf8.RuneCountInString(phone) > MaxPhone:
		return "At most 40 characters."
	case strings.ContainsFunc(phone, notInPhone):
		return "Use digits, spaces and the signs + - . / ( ), for example +49 30 1234567."
	}
	return ""
}

func notInPhone(r rune) bool { return !strings.ContainsRune("0123456789 +-./()", r) }
