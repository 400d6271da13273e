package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// Chain computes the MACs by which each entry of the activity log vouches for all entries before it. It is safe for concurrent
// use.
type Chain struct{ idle sync.Pool }

// Chain returns the chain of the activity log under this key. Its key stands in the same file as the sealing key: an installation has
// one to keep beside its backups, and who may open secrets may vouch for entries. Both are of no help in finding the other. It stays
// when the sealing key is rotated, as no entry can be given another MAC.
func (k *Key) Chain() *Chain {
	key := k.Derive(ActivityChain)
	return &Chain{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// MAC returns the HMAC-SHA-256 (RFC 2104) of an entry that follows the one with the MAC previous.
func (c *Chain) MAC(previous, entry []byte) []byte {
	mac := c.idle.Get().(hash.Hash)
	defer c.idle.Put(mac)
	mac.Reset()
	mac.Write(previous)
	mac.Write(entry)
	return mac.Sum(nil)
}
