package directory

import (
	"encoding/base64"
	"encoding/json"
)

// Cursor is a place in a sorted list: that of a row, whether the row is still there or not. The zero Cursor is no place.
type Cursor struct {
	Sort    Sort   `json:"s,omitempty"`
	Inexact bool   `json:"x,omitempty"` // behind the exact matches
	Role    string `json:"r,omitempty"` // folded label, under Role
	Text    string `json:"t,omitempty"` // folded name or email; none under LastAuth
	Time    int64  `json:"m,omitempty"` // milliseconds, under LastAuth
	ID      int64  `json:"i"`           // breaks ties: every row appears exactly once
}

// String returns the cursor as it stands in a URL; "" for the zero Cursor.
func (c Cursor) String() string {
	if c.ID <= 0 {
		return ""
	}
	encoded, _ := json.Marshal(c) // strings and numbers always encode
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// ParseCursor reads what String wrote; anything else is the zero Cursor.
func ParseCursor(text string) Cursor {
	var c Cursor
	encoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(encoded, &c) != nil || c.ID <= 0 || c.Sort > LastAuth {
		return Cursor{}
	}
	return c
}
