package store

import (
	"crypto/rand"
	"encoding/binary"
)

// A failover may lose the last commits, and a copy of the database may be put back, while this process goes on. The database then has
// another history from some moment on, with the same ids and numbers for other contents. What a process remembers by them is noticed to be of
// the lost one because they are random in part.

// newTag is a tag for entries of a log, of 63 random bits.
func newTag() int64 {
	var b [8]byte
	rand.Read(b[:]) // never fails (Go 1.24)
	return int64(binary.LittleEndian.Uint64(b[:]) >> 1)
}

// membersStep is by how much the version of the members of a group rises. A group of which a member comes or goes every second reaches the
// end of the numbers after 250 years.
func membersStep() int64 { return 1 + newTag()>>32 }

// commitsStep is by how much the count of commits rises. At 200 commits a second the numbers last for 40 years.
func commitsStep() int64 { return 1 + newTag()>>37 }
