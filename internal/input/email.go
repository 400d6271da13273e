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

const (
	malformedEmail = "Enter an email address like name@example.com."
	longEmail      = "An email address has at most 254 characters."
)

// ParseEmail returns an address as it is stored (trimmed, NFC, the domain in lower case and in ASCII, at most MaxEmail
// characters) and its key, by which it is compared: case does not matter. An address that is refused has neither; the refusal
// names the character that cannot be in one. What was returned is accepted unchanged. Whether the domain exists is not
// looked up.
func ParseEmail(text string) (email, key, refusal string) {
	if !utf8.ValidString(text) {
		return "", "", garbled
	}
	text = Line(text)
	if text == "" {
		return "", "", "Enter an email address."
	}
	if utf8.RuneCountInString(text) > MaxEmail {
		return "", "", longEmail
	}
	at := strings.LastIndexByte(text, '@')
	if at < 1 {
		return "", "", malformedEmail
	}
	if r, found := firstOf(text[:at], notInLocalPart); found {
		return "", "", notInAddress(r)
	}
	if refusesLocalPart(text[:at]) {
		return "", "", malformedEmail
	}
	domain, refusal := ParseDomain(text[at+1:])
	if refusal != "" {
		return "", "", refusal
	}
	email = text[:at] + "@" + domain
	if utf8.RuneCountInString(email) > MaxEmail {
		return "", "", longEmail
	}
	return email, keyOf(email), ""
}

// StoredEmail returns an address as it is stored, and its key, also where it was accepted before ParseEmail became as strict as
// it is: whoever has such an address still signs in, and can still be found by it. What is no address has neither.
func StoredEmail(text string) (email, key string) {
	text = Line(text)
	at := strings.LastIndexByte(text, '@')
	if at < 1 || !utf8.ValidString(text) || refusesLocalPart(text[:at]) || tooLongDomain(text[at+1:]) {
		return "", ""
	}
	domain, err := idna.Lookup.ToASCII(text[at+1:])
	email = text[:at] + "@" + strings.ToLower(domain)
	if err != nil || domain == "" || utf8.RuneCountInString(email) > MaxEmail {
		return "", ""
	}
	return email, keyOf(email)
}

// EmailKey returns how an address is compared: two addresses reach the same mailbox when their keys are equal. What is no
// address has the key "". It knows the addresses that StoredEmail does.
func EmailKey(email string) string {
	_, key := StoredEmail(email)
	return key
}

func keyOf(email string) string { return norm.NFC.String(cases.Fold().String(email)) }

// domains is how names of domains are read: mapped as browsers do (UTS 46), with the lengths of RFC 1035 §2.3.4.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true))

// ParseDomain returns the name of a domain or a host in lower case and in ASCII. Its Unicode form holds letters, marks, digits,
// hyphens and dots, and what IDNA 2008 allows between letters (RFC 5892): the mapping alone would take symbols and
// quotation marks too, and lead to another domain than the one that was meant.
func ParseDomain(text string) (ascii, refusal string) {
	const malformed = "A domain is written like example.com. Correct it."
	if tooLongDomain(text) {
		return "", fmt.Sprintf("A domain has at most %d characters.", MaxDomain)
	}
	if r, found := firstOf(text, notInDomain); found {
		return "", notInAddress(r)
	}
	ascii, err := domains.ToASCII(text)
	switch {
	case err != nil && slices.ContainsFunc(strings.Split(ascii, "."), func(label string) bool { return len(label) > maxLabel }):
		return "", "Between two dots, a domain has at most 63 characters."
	case err != nil || strings.HasSuffix(ascii, "."):
		return "", malformed
	}
	read, err := domains.ToUnicode(ascii)
	if err != nil {
		return "", malformed
	}
	if r, found := firstOf(read, notInDomain); found {
		return "", notInAddress(r)
	}
	return strings.ToLower(ascii), ""
}

// tooLongDomain is asked before a domain is mapped: what mapping takes grows with the square of the length, minutes for 200 kB.
func tooLongDomain(text string) bool { return utf8.RuneCountInString(text) > MaxDomain }

// firstOf returns the first character for which is holds.
func firstOf(text string, is func(rune) bool) (rune, bool) {
	for _, r := range text {
		if is(r) {
			return r, true
		}
	}
	return 0, false
}

// notInAddress refuses a character by its name, or by its number where it cannot be seen.
func notInAddress(r rune) string {
	switch {
	case r == '@':
		return malformedEmail
	case unicode.IsSpace(r):
		return "A space is not part of an address. Remove it."
	case !unicode.IsGraphic(r) || ignorable(r):
		return fmt.Sprintf("The invisible character U+%04X is not part of an address. Remove it.", r)
	}
	return fmt.Sprintf("%c is not part of an address. Remove it.", r)
}

// refusesLocalPart says whether what stands before the @ is too long, or would need quoting.
func refusesLocalPart(local string) bool {
	return utf8.RuneCountInString(local) > maxLocalPart || strings.ContainsFunc(local, needsQuoting) ||
		strings.HasPrefix(local, ".") || strings.Contains(local, "..") || strings.HasSuffix(local, ".")
}

// needsQuoting refuses what would need quoting (RFC 5322 §3.2.3), spaces and control characters.
func needsQuoting(r rune) bool {
	return strings.ContainsRune(`()<>[]:;@\,"`, r) || unicode.IsSpace(r) || !unicode.IsPrint(r)
}

// notInLocalPart also refuses the signs of other scripts than ASCII: no mailbox has them, but word processors and spreadsheets
// put their quotation marks and dashes around addresses and into them.
func notInLocalPart(r rune) bool {
	return needsQuoting(r) || r >= utf8.RuneSelf && !inWords(r)
}

// notInDomain lets pass what joins letters (RFC 5892 appendix A) too: U+200C and U+200D, · between l and l, ͵ in Greek, ׳ and ״ in
// Hebrew, ・ in Japanese. Whether they stand where they may, the mapping checks. The dots of Chinese and Japanese are dots.
func notInDomain(r rune) bool {
	return !inWords(r) && !strings.ContainsRune("-.。．｡\u200c\u200d·͵׳״・", r)
}

// inWords says whether a character stands in the words of some script: a letter, a mark or a digit that can be seen.
func inWords(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.Nd) && !ignorable(r) }

// ignorable says whether nothing is seen of a letter or mark: fillers, variation selectors.
func ignorable(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// SplitAddresses returns what stands between commas, semicolons, white space and line breaks, as people paste lists of
// addresses. It checks none of them.
func SplitAddresses(text string) []string {
	parts := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;，；、", r) })
	return slices.DeleteFunc(parts, func(part string) bool { return Line(part) == "" })
}

// ParseAddresses returns a list of 1 to MaxAddresses addresses as stored: one a line, in the order in which they were typed, each
// once. The refusal names the last that is no address, and why.
func ParseAddresses(text string) (list, refusal string) {
	var emails, keys []string
	for _, typed := range SplitAddresses(text) {
		email, key, reason := ParseEmail(typed)
		if reason != "" {
			refusal = fmt.Sprintf("“%s” is not an email address. %s", typed, reason)
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
