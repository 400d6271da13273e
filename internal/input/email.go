package input

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// ParseEmail returns an address as it is stored (trimmed, NFC, the domain in lower case and in ASCII, at most MaxEmail
// characters) and its key, by which it is compared: case does not matter. An address that is refused has neither. What was
// stored is accepted unchanged. Whether the domain exists is not looked up.
func ParseEmail(text string) (email, key, refusal string) {
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
	if at < 1 || refusesLocalPart(text[:at]) {
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

// EmailKey returns how an address is compared: two addresses reach the same mailbox when their keys are equal. What is no
// address has the key "".
func EmailKey(email string) string {
	_, key, _ := ParseEmail(email)
	return key
}

// refusesLocalPart says whether what stands before the @ is too long, or would need quoting.
func refusesLocalPart(local string) bool {
	return utf8.RuneCountInString(local) > maxLocalPart || strings.ContainsFunc(local, notInLocalPart) ||
		strings.HasPrefix(local, ".") || strings.Contains(local, "..") || strings.HasSuffix(local, ".")
}

// notInLocalPart refuses what would need quoting (RFC 5322 §3.2.3), spaces and control characters.
func notInLocalPart(r rune) bool {
	return strings.ContainsRune(`()<>[]:;@\,"`, r) || unicode.IsSpace(r) || !unicode.IsPrint(r)
}

// SplitAddresses returns what stands between commas, semicolons, spaces and line breaks, as people paste lists of
// addresses. It checks none of them.
func SplitAddresses(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;\n\r\t ", r) })
}

// ParseAddresses returns a list of 1 to MaxAddresses addresses as stored: one a line, in the order in which they were typed, each
// once. The refusal names the last that is no address.
func ParseAddresses(text string) (list, refusal string) {
	var emails, keys []string
	for _, typed := range SplitAddresses(text) {
		email, key, reason := ParseEmail(typed)
		if reason != "" {
			refusal = fmt.Sprintf("“%s” is not an email address. Correct or remove it.", typed)
		}
		if !slices.Contains(keys, key) {
			emails, keys = append(emails, email), append(keys, key)
		}
	}
	if len(emails) == 0 || len(emails) > MaxAddresses {
		refusal = fmt.Sprintf("Enter between 1 and %d email addresses.", MaxAddresses)
	}
	return strings.Join(emails, "\n"), refusal
}
