package input

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ParseNames returns first and last name as stored, either of which may be empty, and notes under first_name and last_name
// why they are refused.
func ParseNames(first, last string, refused map[string]string) (string, string) {
	names := [2]string{first, last}
	for i, field := range []string{"first_name", "last_name"} {
		if reason := RefuseName(names[i]); reason != "" {
			refused[field] = reason
		}
		names[i] = Line(names[i])
	}
	if utf8.RuneCountInString(strings.TrimSpace(names[0]+" "+names[1])) > MaxName {
		refused["first_name"] = "First and last name together have at most 255 characters."
	}
	return names[0], names[1]
}

// ParseTitle returns a required name of at most MaxTitle characters as stored, and notes under field why it is refused.
// what completes the sentence “Enter …” for who has typed nothing.
func ParseTitle(text, field, what string, refused map[string]string) string {
	reason, text := RefuseName(text), Line(text)
	switch {
	case reason != "":
		refused[field] = reason
	case text == "":
		refused[field] = "Enter " + what + "."
	case utf8.RuneCountInString(text) > MaxTitle:
		refused[field] = "At most 255 characters."
	}
	return text
}

// Line returns text in its canonical form: NFC, without space or invisible characters at its ends, which come along when text is
// copied from a page.
func Line(text string) string { return norm.NFC.String(strings.TrimFunc(text, clings)) }

func clings(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("\u200b\u200c\u200d\u2060\ufeff", r)
}

// Storable returns text as it can be stored: not every database takes zero bytes and what is no UTF-8. The sign for what cannot be read
// stands in their place.
func Storable(text string) string {
	const unreadable = "\uFFFD"
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, unreadable), "\x00", unreadable)
}

// Plain returns text with every run of white space as one space, and none at its ends: for comparing words that people copy,
// such as those at the head of a table.
func Plain(text string) string { return strings.Join(strings.Fields(Line(text)), " ") }

// RefuseName says why a name of a person, a company, a tenant or anything else that people name is refused. A name is a line
// of text; unless it is empty, something of it can be seen. Names stand in messages to strangers, so none holds a web address.
func RefuseName(text string) string {
	if reason := RefuseText(Line(text)); reason != "" {
		return reason
	}
	if strings.TrimSpace(text) != "" && !strings.ContainsFunc(text, visible) {
		return "Nothing of this can be seen. Type a letter, a digit or a sign."
	}
	if address := webAddress.FindString(strings.ToLower(seen(text))); address != "" {
		return "A name holds no web address. Remove “" + address + "”."
	}
	return ""
}

// webAddress finds what programs make a link of, in lower case and as it is seen: a scheme, www., the target of a link in Markdown, or a
// domain followed by a slash. Numbers are none: a group may be called after the network 10.0.0.0/8.
var webAddress = regexp.MustCompile(
	`://|www\.|\]\(|[\p{L}\p{N}][\p{L}\p{M}\p{N}-]*[.。]\p{L}[\p{L}\p{M}\p{N}-]+\.?(:[0-9]+)?/`)

// seen is a text in NFKC without characters of which nothing is seen. They part a web address for programs only: people read it as one,
// and copy it, and browsers drop such characters from an address. Stored they stay, as Persian and Indic names need some of them.
func seen(text string) string {
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || ignorable(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(text)))
}

// visible says whether a character leaves ink by itself. Marks need a letter to stand on. The Hangul fillers are letters, the
// empty pattern of Braille and the empty notehead are signs, and nothing is seen of them.
func visible(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !ignorable(r) && r != '\u2800' && r != '\U0001d159'
}

// RefuseText says why a text of one line is refused: control characters break logs and mail headers, and direction
// controls make a name read as something else. Text in right-to-left scripts needs neither.
func RefuseText(text string) string {
	if !utf8.ValidString(text) {
		return garbled
	}
	for _, r := range text {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return "Line breaks and control characters are not allowed. Remove them."
		case unicode.Is(unicode.Bidi_Control, r):
			return "Invisible characters that change the writing direction are not allowed. Remove them."
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
