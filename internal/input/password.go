package input

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// RefusePassword says why a new password is refused. It has minLength to MaxPassword characters; nothing is cut off, and no
// kinds of characters are demanded (ASVS 6.2.5, 6.2.8). It is compared as a whole with what an attacker would try first:
// common passwords (ASVS 6.2.4), and the words given, which are those of the person, the company and the product (ASVS
// 6.2.11). Empty words are no matter.
func RefusePassword(password string, minLength int, words ...string) string {
	switch n := utf8.RuneCountInString(password); {
	case password == "":
		return "Choose a password."
	case !utf8.ValidString(password):
		return garbled
	case n < minLength:
		return fmt.Sprintf("Use at least %d characters. Several words in a row are easy to remember.", minLength)
	case n > MaxPassword:
		return "A password has at most 256 characters."
	case isCommon(password):
		return "This is one of the most common passwords, which attackers try first. Choose something else."
	}
	guess := bare(password)
	for _, word := range words {
		if word = bare(word); word != "" && guess == word {
			return "This is easy to guess from the name, the email or the company. Choose something else."
		}
	}
	return ""
}

// commonPasswordsFile is the most common passwords of at least 8 characters, one a line, folded and sorted;
// common_passwords_generate.go says where it comes from.
//
//go:embed common_passwords.txt.gz
var commonPasswordsFile []byte

// commonPasswords are read when the first password is chosen. What cannot be read, the compiler has not embedded.
var commonPasswords = sync.OnceValue(func() []string {
	small, err := gzip.NewReader(bytes.NewReader(commonPasswordsFile))
	if err != nil {
		panic(fmt.Sprintf("common passwords: %v", err))
	}
	list, err := io.ReadAll(small)
	if err != nil {
		panic(fmt.Sprintf("common passwords: %v", err))
	}
	return strings.Split(string(list), "\n")
})

// isCommon says whether a password is on the list, whatever its case.
func isCommon(password string) bool {
	_, found := slices.BinarySearch(commonPasswords(), norm.NFC.String(cases.Fold().String(password)))
	return found
}

// bare is what remains of a guess once case, marks, spaces and the usual decorations at the end are ignored.
func bare(text string) string {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ._-", r) {
			return -1
		}
		return r
	}, Fold(text))
	return strings.TrimRight(text, "0123456789!?.,;:*#$%&+")
}
