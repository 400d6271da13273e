package auth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// What every authenticator app understands (RFC 6238): HMAC-SHA-1, six digits, steps of 30 seconds.
const (
	totpDigits = 6
	totpPeriod = 30 // seconds
	totpBytes  = 20 // RFC 4226 §4: as long as the hash
	totpAhead  = 1  // steps that a clock may be off, either way
)

// ErrCode says that a code is not one that the authenticator shows now. That it belongs to another time is not told
// apart: it would tell who guesses which codes are to come.
var ErrCode = errors.New("the code is wrong")

// NewTOTPSecret returns the secret of a new authenticator, in base32 as people type it.
func NewTOTPSecret() string { return totpEncoding.EncodeToString(randomBytes(totpBytes)) }

// TOTPStep returns the time step that a code belongs to: the one of now, or the one before or after it, because clocks
// differ and people are slow (RFC 6238 §5.2). It is compared as EqualCode does. It returns ErrCode. Whether the step has been used
// already the caller must know: the code stays right for the whole of it.
func TOTPStep(secret, code string, now time.Time) (int64, error) {
	current := now.Unix() / totpPeriod
	for step := current - totpAhead; step <= current+totpAhead; step++ {
		right, err := hotp.GenerateCode(secret, uint64(step)) //nolint:gosec // no clock is before 1970
		if err != nil {
			return 0, fmt.Errorf("authenticator secret: %w", err)
		}
		if EqualCode(right, code) {
			return step, nil
		}
	}
	return 0, ErrCode
}

// QRCode returns a picture of the secret for an authenticator app to read, as a data: URI. There is room for 2,200 bytes of the person and
// twice the issuer, counted as a URL writes them. No error repeats the secret.
func QRCode(issuer, person, secret string) (string, error) {
	raw, err := totpEncoding.DecodeString(secret)
	if err != nil {
		return "", fmt.Errorf("authenticator secret: %w", err)
	}
	// The library does not escape "&" in the issuer; a colon ends it, and must not stand in the name of the person either.
	issuer = strings.NewReplacer("&", "and", ":", " ").Replace(issuer)
	person = strings.ReplaceAll(person, ":", " ")
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: person, Secret: raw, Period: totpPeriod, Digits: otp.DigitsSix})
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	picture, err := key.Image(240, 240)
	if err != nil { // err quotes all that was to be in the picture, the secret too
		return "", errors.New("QR code: the issuer and the person do not fit into it")
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(file.Bytes()), nil
}
