package directory

import (
	"bytes"
	"cmp"
	"math"
	"slices"
)

// Sort is what the list is ordered by.
type Sort uint8

// The sorts of the list. Texts are compared folded, byte by byte; equal rows go by id.
const (
	Name Sort = iota // the email where the name is empty
	Role             // the label, then as Name
	Email
	LastAuth
)

// order is the order in which a query goes through the rows.
type order struct {
	sort      Sort
	down      bool // from the last row to the first
	exact     bool // the rows that match the term with its accents come first
	labels    [][]byte
	roleRanks []uint64 // by number of the role
}

// position is where a row stands in an order.
type position struct {
	rank uint8  // 0 for those that come first when exact matches count, else always 0
	key  uint64 // the first bytes of the rest
	role uint64 // rank of the label, under Role
	text []byte
	id   int64
}

func newOrder(q Query, backwards bool, roles []role) *order {
	o := &order{sort: q.Sort, down: q.Descending != backwards}
	if q.Sort == Role {
		o.rankRoles(roles)
	}
	return o
}

// rankRoles numbers the labels in their order, oddly: the even numbers are for labels of cursors that are gone.
func (o *order) rankRoles(roles []role) {
	for _, r := range roles {
		o.labels = append(o.labels, r.folded)
	}
	slices.SortFunc(o.labels, bytes.Compare)
	o.labels = slices.CompactFunc(o.labels, bytes.Equal)
	for _, r := range roles {
		o.roleRanks = append(o.roleRanks, o.rankOf(r.folded))
	}
}

func (o *order) rankOf(label []byte) uint64 {
	at, found := slices.BinarySearchFunc(o.labels, label, bytes.Compare)
	if found {
		return uint64(2*at + 1)
	}
	return uint64(2 * at)
}

// maxRoleRank is the last rank that fits beside the first bytes of a name; further labels share it.
const maxRoleRank = 0xFFFF

func roleKey(rank, nameKey uint64) uint64 {
	if rank >= maxRoleRank {
		return maxRoleRank << 48
	}
	return rank<<48 | nameKey>>16
}

func timeKey(ms int64) uint64 { return uint64(ms) ^ 1<<63 }

// turn is what keys are combined with (exclusive or), so that smaller keys come first also where the order goes down.
func (o *order) turn() uint64 {
	if o.down {
		return math.MaxUint64
	}
	return 0
}

// column is a value for each row of a segment.
type column [segmentSize]uint64

// keys returns the keys of some rows before they are turned. Those that are not stored are put into room.
func (o *order) keys(s *segment, rows *bitmap, room *column) *column {
	switch o.sort {
	case Name:
		return &s.nameKey
	case Role:
		for row := range rows.rows() {
			room[row] = roleKey(o.roleRanks[s.role[row]], s.nameKey[row])
		}
	case Email:
		for row := range rows.rows() {
			room[row] = sortPrefix(s.email(row))
		}
	case LastAuth:
		for row := range rows.rows() {
			room[row] = timeKey(s.lastAuth[row])
		}
	}
	return room
}

// rank returns the rank of an exact match or another row.
func (o *order) rank(inexact bool) uint8 {
	if o.exact && inexact != o.down {
		return 1
	}
	return 0
}

// lastRank is the greatest rank that rows have.
func (o *order) lastRank() uint8 {
	if o.exact {
		return 1
	}
	return 0
}

// locate fills in what the rank and the key of a row's position leave open. It is valid as long as the directory is locked.
func (o *order) locate(p *position, s *segment, row int) {
	p.id = s.ids[row]
	switch o.sort {
	case Role:
		p.role, p.text = o.roleRanks[s.role[row]], s.name(row)
	case Email:
		p.text = s.email(row)
	case Name:
		p.text = s.name(row)
	}
}

// of returns the position of a cursor of this sort, nil for the zero Cursor.
func (o *order) of(c Cursor) *position {
	if c.ID <= 0 {
		return nil
	}
	p := &position{rank: o.rank(c.Inexact), text: []byte(c.Text), id: c.ID}
	p.key = sortPrefix(p.text)
	switch o.sort {
	case Role:
		p.role = o.rankOf([]byte(c.Role))
		p.key = roleKey(p.role, p.key)
	case LastAuth:
		p.key, p.text = timeKey(c.Time), nil
	}
	p.key ^= o.turn()
	return p
}

// cursor returns the cursor of a row's position.
func (o *order) cursor(p position) Cursor {
	c := Cursor{Sort: o.sort, Text: string(p.text), ID: p.id}
	c.Inexact = o.exact && (p.rank == 1) != o.down
	switch o.sort {
	case Role:
		c.Role = string(o.labels[p.role/2])
	case LastAuth:
		c.Time = int64(p.key ^ o.turn() ^ 1<<63)
	}
	return c
}

// before reports whether a comes before b. No two rows are at the same position.
func (o *order) before(a, b *position) bool { return o.compare(a, b) < 0 }

// compare returns less than 0 where a comes before b.
func (o *order) compare(a, b *position) int {
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	if a.key != b.key {
		return cmp.Compare(a.key, b.key)
	}
	if o.down {
		a, b = b, a
	}
	if a.role != b.role {
		return cmp.Compare(a.role, b.role)
	}
	if c := bytes.Compare(a.text, b.text); c != 0 {
		return c
	}
	return cmp.Compare(a.id, b.id)
}
