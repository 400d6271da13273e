package auth

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Purpose is what a key is derived for.
type Purpose string

// The purposes. A key file that was rotated holds the key of each, not what they were derived from: one that is added later must be
// derived from one of these.
const (
	ActivityChain Purpose = "activity chain v1"
	FormTokens    Purpose = "form tokens"
	FlashMessages Purpose = "flash messages"
	SetUpCode     Purpose = "set-up code"
	Probes        Purpose = "probe"
)

var purposes = []Purpose{ActivityChain, FormTokens, FlashMessages, SetUpCode, Probes}

// keyRing is what a key file holds: JSON, once its key was rotated. Until then it is the 64 hexadecimal digits of one secret, of which
// all keys are derived; while that is in the file the first sealing key cannot be dropped, and so a rotation writes what is derived
// in its place.
type keyRing struct {
	Derived map[Purpose][]byte `json:"derived"`
	Sealing []sealingKey       `json:"sealing"` // one, or two while the key is being rotated: the older one first
}

type sealingKey struct {
	Name string `json:"name"`
	Key  []byte `json:"key"`
}

// errNoKey says that a file holds no key. It does not say where it is wrong: that would be part of the secret.
var errNoKey = fmt.Errorf("does not hold a key: it must be %d hexadecimal digits, or what console key rotate has made of them",
	hex.EncodedLen(KeyBytes))

// parseRing reads the text of a key file, or returns errNoKey.
func parseRing(text string) (keyRing, error) {
	text = strings.TrimSpace(text)
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == KeyBytes {
		return ringOf(raw), nil
	}
	var ring keyRing
	strict := json.NewDecoder(strings.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&ring); err != nil || strict.More() || !ring.whole() {
		return keyRing{}, errNoKey
	}
	return ring, nil
}

// whole says that nothing is missing, and nothing is cut off.
func (r keyRing) whole() bool {
	names := r.names()
	if len(names) < 1 || len(names) > 2 || names[0] == names[len(names)-1] && len(names) == 2 || len(r.Derived) != len(purposes) {
		return false
	}
	return !slices.ContainsFunc(purposes, func(p Purpose) bool { return len(r.Derived[p]) != KeyBytes }) &&
		!slices.ContainsFunc(r.Sealing, func(k sealingKey) bool { return len(k.Key) != KeyBytes || !keyName.MatchString(k.Name) })
}

// names are those of the sealing keys, the older one first.
func (r keyRing) names() []string {
	names := make([]string, len(r.Sealing))
	for i, k := range r.Sealing {
		names[i] = k.Name
	}
	return names
}

// text is the ring as a key file holds it.
func (r keyRing) text() ([]byte, error) {
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	lines.SetIndent("", "  ")
	err := lines.Encode(r)
	return text.Bytes(), err
}

// ringOf derives all keys from one secret (HKDF-SHA-256, RFC 5869).
func ringOf(secret []byte) keyRing {
	ring := keyRing{Derived: map[Purpose][]byte{}, Sealing: []sealingKey{{firstKey, subkey(secret, "seal "+firstKey+":")}}}
	for _, p := range purposes {
		ring.Derived[p] = subkey(secret, "derive "+string(p))
	}
	return ring
}

func subkey(secret []byte, info string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, info, KeyBytes)
	if err != nil {
		panic(err) // only for sizes that RFC 5869 does not allow, and ours is a constant
	}
	return key
}

// SealingKeys returns the names of the sealing keys that the key file holds now, the older one first: two while the key is being
// rotated.
func (k *Key) SealingKeys() ([]string, error) {
	ring, err := k.file.ring()
	return ring.names(), err
}

// AddSealingKey puts a new sealing key into the key file beside the one there, and returns its name. It is on the disk when
// AddSealingKey returns; Use makes it the one that seals. Only one caller at a time may change the file.
func (k *Key) AddSealingKey() (name string, err error) {
	name = firstKey + "-" + rand.Text()[:8]
	err = k.file.change(func(ring *keyRing) error {
		if len(ring.Sealing) > 1 {
			return errors.New("it holds two sealing keys already")
		}
		ring.Sealing = append(ring.Sealing, sealingKey{name, randomBytes(KeyBytes)})
		return nil
	})
	if err != nil {
		return "", err
	}
	return name, k.readAgain()
}

// KeepSealingKey drops all sealing keys but one from the key file. What they have sealed can be opened by nobody from then on but for
// processes that know them still. Only one caller at a time may change the file.
func (k *Key) KeepSealingKey(name string) error {
	return k.file.change(func(ring *keyRing) error {
		ring.Sealing = slices.DeleteFunc(ring.Sealing, func(k sealingKey) bool { return k.Name != name })
		if len(ring.Sealing) != 1 {
			return fmt.Errorf("%w (%s)", ErrKeyMissing, name)
		}
		return nil
	})
}
