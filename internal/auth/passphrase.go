package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"strings"
	"unicode/utf8"
)

// MinPassphraseLength is how many characters a passphrase has at least. Whoever has what it protects can try as often as they like.
const MinPassphraseLength = 12

// passphraseCost is what RFC 9106 §4 recommends second: a passphrase is used rarely, so it may take longer than a password.
var passphraseCost = cost{memory: 64 << 10, passes: 3, threads: 4}

// PassphraseKey encrypts and authenticates what leaves the installation, under a key derived from a passphrase.
type PassphraseKey struct {
	aead cipher.AEAD
	mac  []byte
	phc  string // without the hash
}

// NewPassphraseKey derives a key with a fresh salt. It refuses a passphrase that is too short. It takes 64 MiB for a moment.
func NewPassphraseKey(passphrase string) (*PassphraseKey, error) {
	if utf8.RuneCountInString(passphrase) < MinPassphraseLength {
		return nil, fmt.Errorf("the passphrase is too short: it needs %d characters", MinPassphraseLength)
	}
	return derivePassphraseKey(passphrase, storedHash{cost: passphraseCost, salt: randomBytes(saltBytes)})
}

// PassphraseKeyFrom derives the key that has a Derivation again. A derivation that asks for more than 256 MiB is refused. Whether the
// passphrase is the right one shows when the key is used.
func PassphraseKeyFrom(passphrase, derivation string) (*PassphraseKey, error) {
	fields := strings.Split(derivation, "$")
	if len(fields) != 5 {
		return nil, errors.New("it does not say how its key is derived from the passphrase")
	}
	h, valid := parseDerivation(fields)
	if !valid {
		return nil, errors.New("it derives its key from the passphrase in a way that is not known here")
	}
	return derivePassphraseKey(passphrase, h)
}

func derivePassphraseKey(passphrase string, h storedHash) (*PassphraseKey, error) {
	secret := h.deriveKey(passphrase, KeyBytes)
	subkey := func(purpose string) []byte {
		key, err := hkdf.Key(sha256.New, secret, nil, purpose, KeyBytes)
		if err != nil {
			panic(err) // only for sizes that RFC 5869 does not allow, and ours is a constant
		}
		return key
	}
	block, err := aes.NewCipher(subkey("seal"))
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	return &PassphraseKey{aead: aead, mac: subkey("authenticate"), phc: h.withoutHash()}, nil
}

// Derivation says how the key was derived, without the passphrase: a PHC string without the hash.
func (k *PassphraseKey) Derivation() string { return k.phc }

// Seal encrypts and authenticates plaintext with AES-256-GCM under a random nonce.
func (k *PassphraseKey) Seal(plaintext []byte) []byte {
	//nolint:gosec // the cipher makes the nonce itself (NewGCMWithRandomNonce)
	return k.aead.Seal(nil, nil, plaintext, nil)
}

// Open returns what Seal was given, or ErrSealed.
func (k *PassphraseKey) Open(sealed []byte) ([]byte, error) {
	plaintext, err := k.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// MAC begins an HMAC-SHA-256 under the key.
func (k *PassphraseKey) MAC() hash.Hash { return hmac.New(sha256.New, k.mac) }

// withoutHash is the beginning of a PHC string: all but the hash.
func (h storedHash) withoutHash() string {
	text := h.String()
	return text[:strings.LastIndexByte(text, '$')]
}
