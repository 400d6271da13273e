// Package auth holds what proves who somebody is: password hashes, tokens, codes, and the sealing of secrets at rest.
// Apart from reading the key file it does no I/O.
package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// cost is what one Argon2id hash takes: memory in KiB, passes over it, lanes.
type cost struct {
	memory  uint32
	passes  uint32
	threads uint8
}

// currentCost is the OWASP Password Storage Cheat Sheet's minimum for Argon2id with one lane.
var currentCost = cost{memory: 19 << 10, passes: 2, threads: 1}

// maxCost bounds what a stored hash may ask for, so that a corrupt row cannot take the machine's memory.
var maxCost = cost{memory: 256 << 10, passes: 16, threads: 16}

const (
	saltBytes = 16 // RFC 9106 §3.1 recommends 16
	hashBytes = 32
	// What a stored hash may hold, RFC 9106 §3.1: at least 8 bytes of salt; below 16 bytes of hash guessing pays.
	minSaltBytes, minHashBytes, maxStoredBytes = 8, 16, 64
)

// DummyHash is verified against when there is no account, so that the answer takes as long as for a wrong password.
// No password matches it.
var DummyHash = storedHash{currentCost, randomBytes(saltBytes), randomBytes(hashBytes)}.String()

// HashPassword returns the Argon2id hash of the password (RFC 9106, version 0x13) as a PHC string with a fresh salt.
// It takes tens of milliseconds and 19 MiB: call it behind a Hasher.
func HashPassword(password string) string {
	h := storedHash{cost: currentCost, salt: randomBytes(saltBytes)}
	h.hash = h.deriveKey(password, hashBytes)
	return h.String()
}

// VerifyPassword reports in ok whether the password is the one that the PHC string was made from, and in rehash whether
// the right password should be hashed again because the string was made at a lower cost than today's. A malformed
// string, and one that asks for more than 256 MiB, matches nothing. It costs as much as HashPassword: call it behind a
// Hasher.
func VerifyPassword(phc, password string) (ok, rehash bool) {
	stored, valid := parseHash(phc)
	if !valid {
		return false, false
	}
	derived := stored.deriveKey(password, uint32(len(stored.hash))) //nolint:gosec // parseBytes: at most maxStoredBytes
	ok = subtle.ConstantTimeCompare(derived, stored.hash) == 1
	return ok, ok && stored.weak()
}

type storedHash struct {
	cost
	salt, hash []byte
}

func (h storedHash) deriveKey(password string, size uint32) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.threads, size)
}

func (h storedHash) weak() bool {
	return h.memory < currentCost.memory || h.passes < currentCost.passes || h.threads < currentCost.threads ||
		len(h.salt) < saltBytes || len(h.hash) < hashBytes
}

// String writes the PHC string format.
func (h storedHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, h.threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.hash))
}

func parseHash(phc string) (storedHash, bool) {
	fields := strings.Split(phc, "$")
	if len(fields) != 6 {
		return storedHash{}, false
	}
	h, validDerivation := parseDerivation(fields[:5])
	hash, validHash := parseBytes(fields[5], minHashBytes)
	h.hash = hash
	return h, validDerivation && validHash
}

// parseDerivation reads the fields of a PHC string before the hash.
func parseDerivation(fields []string) (storedHash, bool) {
	if fields[0] != "" || fields[1] != "argon2id" || fields[2] != "v="+strconv.Itoa(argon2.Version) {
		return storedHash{}, false
	}
	c, validCost := parseCost(fields[3])
	salt, validSalt := parseBytes(fields[4], minSaltBytes)
	return storedHash{cost: c, salt: salt}, validCost && validSalt
}

// parseCost reads "m=19456,t=2,p=1". RFC 9106 §3.1 wants at least 8 KiB per lane.
func parseCost(text string) (cost, bool) {
	params := strings.Split(text, ",")
	if len(params) != 3 {
		return cost{}, false
	}
	memory, validMemory := parseNumber(params[0], "m=", maxCost.memory)
	passes, validPasses := parseNumber(params[1], "t=", maxCost.passes)
	threads, validThreads := parseNumber(params[2], "p=", uint32(maxCost.threads))
	valid := validMemory && validPasses && validThreads && memory >= 8*threads
	return cost{memory, passes, uint8(threads)}, valid //nolint:gosec // checked: at most maxCost.threads
}

func parseNumber(text, prefix string, limit uint32) (uint32, bool) {
	digits, found := strings.CutPrefix(text, prefix)
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), found && err == nil && n >= 1 && n <= uint64(limit)
}

func parseBytes(text string, least int) ([]byte, bool) {
	raw, err := base64.RawStdEncoding.Strict().DecodeString(text)
	return raw, err == nil && len(raw) >= least && len(raw) <= maxStoredBytes
}

// randomBytes never fails: crypto/rand ends the program rather than return less than it was asked for.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
