package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

const tokenBytes = 32

// NewToken returns 256 random bits as 43 characters of base64url without padding (RFC 4648 §5).
func NewToken() string { return base64.RawURLEncoding.EncodeToString(randomBytes(tokenBytes)) }

// HashToken returns the SHA-256 of a token: what is stored instead of it. Tokens are random enough for a fast hash
// (ASVS 11.4.2 asks for a slow one only for passwords).
func HashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

const (
	crockford      = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength     = 20 // 5 bits each
	recoveryLength = 25
	codeGroupOf    = 5
)

// NewCode returns 100 random bits for people to read and type: 20 characters of Crockford's base32 in groups of five,
// such as "7KQ2M-9XWTB-4H0DZ-PR8VA".
func NewCode() string { return randomCode(codeLength) }

func randomCode(length int) string {
	var code strings.Builder
	for i, b := range randomBytes(length) {
		if i > 0 && i%codeGroupOf == 0 {
			code.WriteByte('-')
		}
		code.WriteByte(crockford[int(b)%len(crockford)]) // 32 divides 256: every character is equally likely
	}
	return code.String()
}

// plain maps a code as typed to its characters; letters that Crockford's alphabet leaves out are read as the digits
// they look like.
var plain = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1")

// EqualCode compares two codes in constant time. Case, spaces and dashes do not matter. An empty code equals nothing.
func EqualCode(a, b string) bool {
	a, b = plain.Replace(strings.ToUpper(a)), plain.Replace(strings.ToUpper(b))
	return a != "" && subtle.ConstantTimeCompare(HashToken(a), HashToken(b)) == 1
}
