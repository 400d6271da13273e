package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	tokenBytes    = 32
	apiTokenBytes = 48
)

// NewToken returns 256 random bits as 43 characters of base64url without padding (RFC 4648 §5).
func NewToken() string { return base64.RawURLEncoding.EncodeToString(randomBytes(tokenBytes)) }

// NewAPIToken returns 384 random bits as 64 characters of base64 (RFC 4648 §4).
func NewAPIToken() string { return base64.StdEncoding.EncodeToString(randomBytes(apiTokenBytes)) }

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

// CodeOf returns 100 bits for people to read and type: 20 characters of Crockford's base32 in groups of five, such as
// "7KQ2M-9XWTB-4H0DZ-PR8VA". Whoever has the same secret and nonce gets the same; without the secret nobody can tell it by the nonce.
func CodeOf(secret, nonce []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(nonce)
	return codeFrom(mac.Sum(nil)[:codeLength])
}

func codeFrom(random []byte) string {
	var code strings.Builder
	for i, b := range random {
		if i > 0 && i%codeGroupOf == 0 {
			code.WriteByte('-')
		}
		code.WriteByte(crockford[int(b)%len(crockford)]) // 32 divides 256: every character is equally likely
	}
	return code.String()
}

// plainCode returns the letters and digits of a code as typed, whatever stands between them: capitals, with the digits of every
// script as 0 to 9, since input methods write others. Letters that Crockford's alphabet leaves out are read as the digits
// they look like.
func plainCode(code string) string {
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case r == 'O':
			return '0'
		case r == 'I', r == 'L':
			return '1'
		case unicode.IsLetter(r):
			return r
		}
		return digit(r)
	}, norm.NFKC.String(code))
}

// digit returns a decimal digit of any script as one of 0 to 9, and -1 for all else. Scripts have their ten digits in a row
// (The Unicode Standard §4.6).
func digit(r rune) rune {
	if !unicode.IsDigit(r) {
		return -1
	}
	for _, digits := range unicode.Nd.R16 {
		if r >= rune(digits.Lo) && r <= rune(digits.Hi) {
			return '0' + (r-rune(digits.Lo))%10
		}
	}
	for _, digits := range unicode.Nd.R32 {
		if first, last := rune(digits.Lo), rune(digits.Hi); r >= first && r <= last { //nolint:gosec // no character is beyond U+10FFFF
			return '0' + (r-first)%10
		}
	}
	return -1
}

// EqualCode compares two codes in constant time. Case does not matter, nor what is neither a letter nor a digit, nor
// the script of the digits. An empty code equals nothing.
func EqualCode(a, b string) bool {
	a, b = plainCode(a), plainCode(b)
	return a != "" && subtle.ConstantTimeCompare(HashToken(a), HashToken(b)) == 1
}
