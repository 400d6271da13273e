package auth

import (
	"encoding/base32"
	"unicode/utf8"
)

// RecoveryCodes is how many recovery codes a person gets at once.
const RecoveryCodes = 10

var totpEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewRecoveryCodes returns fresh recovery codes as people type them, and what is stored instead: 125 random bits each,
// enough for a fast hash (ASVS 6.5.2).
func NewRecoveryCodes() (codes []string, hashes [][]byte) {
	for range RecoveryCodes {
		code := codeFrom(randomBytes(recoveryLength))
		codes, hashes = append(codes, code), append(hashes, HashRecoveryCode(code))
	}
	return codes, hashes
}

// HashRecoveryCode returns what is stored instead of a code. Codes that EqualCode takes for one have one hash.
func HashRecoveryCode(code string) []byte { return HashToken(plainCode(code)) }

// LooksLikeRecoveryCode tells what somebody typed from a code of an authenticator, which is much shorter.
func LooksLikeRecoveryCode(code string) bool {
	return utf8.RuneCountInString(plainCode(code)) > 2*totpDigits
}
