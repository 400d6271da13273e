//go:build ignore

// Writes common_passwords.txt.gz from the list of the npm package @zxcvbn-ts/language-common, most frequent first:
//
//	npm pack @zxcvbn-ts/language-common && tar xzf zxcvbn-ts-language-common-*.tgz
//	go run internal/input/common_passwords_generate.go < package/src/passwords.json > internal/input/common_passwords.txt.gz
//
// Entries shorter than the shortest password that a setting can allow are refused for their length already.
package main

import (
	"compress/gzip"
	"encoding/json"
	"log"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	shortest = 8
	most     = 30_000
)

func main() {
	var passwords []string
	if err := json.NewDecoder(os.Stdin).Decode(&passwords); err != nil {
		log.Fatal(err)
	}
	passwords = slices.DeleteFunc(
		passwords,
		func(p string) bool { return utf8.RuneCountInString(p) < shortest || strings.ContainsAny(p, "\r\n") },
	)
	passwords = passwords[:min(most, len(passwords))]
	for i, p := range passwords {
		passwords[i] = norm.NFC.String(cases.Fold().String(p))
	}
	slices.Sort(passwords)
	small, err := gzip.NewWriterLevel(os.Stdout, gzip.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := small.Write([]byte(strings.Join(slices.Compact(passwords), "\n"))); err != nil {
		log.Fatal(err)
	}
	if err := small.Close(); err != nil {
		log.Fatal(err)
	}
}
