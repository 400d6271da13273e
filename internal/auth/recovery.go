package auth

import (
	"encoding/base32"
	"strings"
)

// RecoveryCodes is how many recovery codes a person gets at once.
const RecoveryCodes = 10

var totpEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewRecoveryCodes returns fresh recovery codes as people type them, and what is stored instead: 125 random bits each,
// enough for a fast hash (ASVS 6.5.2).
func NewRecoveryCodes() (codes []string, hashes [][]byte) {
	for range RecoveryCodes {
		code := randomCode(recoveryLength)
		codes, hashes = append(codes, code), append(hashes, HashRecoveryCode(code))
	}
	return codes, hashes
}

// HashRecoveryCode returns what is stored instead of a code. Case, spaces and dashes do not matter.
func HashRecoveryCode(code string) []byte { return HashToken(plain.Replace(strings.ToUpper(code))) }

// LooksLikeRecoveryCode tells what somebody typed from a code of an authenticator, which is much shorter.
func LooksLikeRecoveryCode(code string) bool {
	return len(plain.Replace(strings.ToUpper(code))) > 2*totpDigits
}
