package auth

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"sync"
)

// KeyBytes is the size of a key: 256 bits (ASVS 11.2.3 asks for at least 128).
const KeyBytes = 32

// Every sealed value begins with the name of the key that has sealed it, and a colon. firstKey is the one that a new key file has, and
// the name of each later one goes on after it. A later way of sealing can be told apart by it too.
const firstKey = "v1"

var keyName = regexp.MustCompile(`^v1(-[A-Z2-7]{8})?$`)

var (
	// ErrSealed says that a sealed value was changed, belongs to another context, or was sealed with another key of the same name.
	ErrSealed = errors.New("sealed value does not open: it was changed, moved, or sealed with another key")
	// ErrKeyMissing says that a value was sealed, or is to be, with a key that the key file does not hold, though it was read again.
	ErrKeyMissing = errors.New("the key file does not hold the key that is needed: copy the file from where the key was rotated")
)

// Key is the secret that lies outside the database: one or two keys that seal, which can be rotated, and what is derived for good. It is
// safe for concurrent use.
type Key struct {
	derived map[Purpose][]byte
	file    keyFile // which is read again where a key is missing; zero: there is none

	mu      sync.RWMutex
	sealing map[string]cipher.AEAD // by name; those that were dropped from the file stay for what was read before
	current string                 // the one that seals
}

// NewKey makes a key of KeyBytes random bytes. Any other length is an error.
func NewKey(raw []byte) (*Key, error) {
	if len(raw) != KeyBytes {
		return nil, fmt.Errorf("a key has %d bytes, not %d", KeyBytes, len(raw))
	}
	return keyFrom(ringOf(bytes.Clone(raw)))
}

// keyFrom makes a key that seals with the oldest key of a ring until Use says otherwise: a later one may have been put there for a
// rotation that has not begun.
func keyFrom(ring keyRing) (*Key, error) {
	k := &Key{derived: ring.Derived, sealing: map[string]cipher.AEAD{}, current: ring.Sealing[0].Name}
	return k, k.add(ring)
}

// add takes over the sealing keys of a ring.
func (k *Key) add(ring keyRing) error {
	for _, key := range ring.Sealing {
		block, err := aes.NewCipher(key.Key)
		if err != nil {
			return fmt.Errorf("make the cipher: %w", err)
		}
		if k.sealing[key.Name], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return fmt.Errorf("make the cipher: %w", err)
		}
	}
	return nil
}

// Seal encrypts and authenticates plaintext with AES-256-GCM under a random nonce. The context, table and row such as
// "integrations/7", is authenticated too: the value opens only there. The same plaintext never gives the same value.
func (k *Key) Seal(plaintext []byte, context string) []byte {
	k.mu.RLock()
	name, aead := k.current, k.sealing[k.current]
	k.mu.RUnlock()
	//nolint:gosec // the cipher makes the nonce itself (NewGCMWithRandomNonce)
	return aead.Seal(SealedBy(name), nil, plaintext, []byte(context))
}

// Open returns what Seal was given, or ErrSealed or ErrKeyMissing.
func (k *Key) Open(sealed []byte, context string) ([]byte, error) {
	name := KeyOf(sealed)
	if name == "" {
		return nil, ErrSealed
	}
	aead, err := k.named(name)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, nil, sealed[len(SealedBy(name)):], []byte(context))
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// KeyOf returns the name of the key that has sealed a value, or "" for what cannot have been sealed.
func KeyOf(sealed []byte) string {
	name, _, found := bytes.Cut(sealed, []byte{':'})
	if !found || !keyName.Match(name) {
		return ""
	}
	return string(name)
}

// SealedBy is what the values begin with that the key of a name has sealed.
func SealedBy(name string) []byte { return []byte(name + ":") }

// Use makes the key of a name the one that seals. It returns ErrKeyMissing.
func (k *Key) Use(name string) error {
	if _, err := k.named(name); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current = name
	return nil
}

// named returns a sealing key, for which the key file is read again where it is not known: it may have been rotated meanwhile.
func (k *Key) named(name string) (cipher.AEAD, error) {
	k.mu.RLock()
	aead := k.sealing[name]
	k.mu.RUnlock()
	if aead != nil {
		return aead, nil
	}
	if err := k.readAgain(); err != nil {
		return nil, fmt.Errorf("%w (%s): %w", ErrKeyMissing, name, err)
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	if aead = k.sealing[name]; aead == nil {
		return nil, fmt.Errorf("%w (%s)", ErrKeyMissing, name)
	}
	return aead, nil
}

// readAgain adds what the key file holds now. A file with which entries of the activity log would get other MACs is that of another
// installation, and is refused.
func (k *Key) readAgain() error {
	ring, err := k.file.ring()
	if err != nil {
		return err
	}
	if !maps.EqualFunc(ring.Derived, k.derived, bytes.Equal) {
		return fmt.Errorf("key file %s is that of another installation now", k.file.path)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.add(ring)
}

// Derive returns a key of 32 bytes for one purpose: always the same, also after the sealing key was rotated, and of no help in
// finding another.
func (k *Key) Derive(purpose Purpose) []byte {
	key, known := k.derived[purpose]
	if !known {
		panic("no such purpose: " + purpose) // a constant that is not in the list
	}
	return bytes.Clone(key)
}
