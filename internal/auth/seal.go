package auth

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeyBytes is the size of a key: 256 bits (ASVS 11.2.3 asks for at least 128).
const KeyBytes = 32

// sealVersion starts every sealed value, so that a later way of sealing can be told apart.
const sealVersion = "v1:"

// ErrSealed says that a sealed value was changed, belongs to another context, or was sealed with another key.
var ErrSealed = errors.New("sealed value does not open: it was changed, moved, or sealed with another key")

// Key is the secret that lies outside the database. It is safe for concurrent use.
type Key struct {
	secret []byte
	aead   cipher.AEAD
}

// NewKey makes a key of KeyBytes random bytes. Any other length is an error.
func NewKey(raw []byte) (*Key, error) {
	if len(raw) != KeyBytes {
		return nil, fmt.Errorf("a key has %d bytes, not %d", KeyBytes, len(raw))
	}
	k := &Key{secret: bytes.Clone(raw)}
	block, err := aes.NewCipher(k.subkey("seal " + sealVersion))
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	if k.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	return k, nil
}

// Seal encrypts and authenticates plaintext with AES-256-GCM under a random nonce. The context, table and row such as
// "integrations/7", is authenticated too: the value opens only there. The same plaintext never gives the same value.
func (k *Key) Seal(plaintext []byte, context string) []byte {
	//nolint:gosec // the cipher makes the nonce itself (NewGCMWithRandomNonce)
	return k.aead.Seal([]byte(sealVersion), nil, plaintext, []byte(context))
}

// Open returns what Seal was given, or ErrSealed.
func (k *Key) Open(sealed []byte, context string) ([]byte, error) {
	encrypted, found := bytes.CutPrefix(sealed, []byte(sealVersion))
	if !found {
		return nil, ErrSealed
	}
	plaintext, err := k.aead.Open(nil, nil, encrypted, []byte(context))
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// Derive returns a key of 32 bytes for one purpose, such as the MAC of the activity log: always the same for the same
// key and purpose, and of no help in finding another (HKDF-SHA-256, RFC 5869).
func (k *Key) Derive(purpose string) []byte { return k.subkey("derive " + purpose) }

func (k *Key) subkey(info string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret, nil, info, KeyBytes)
	if err != nil {
		panic(err) // only for sizes that RFC 5869 does not allow, and ours is a constant
	}
	return key
}
