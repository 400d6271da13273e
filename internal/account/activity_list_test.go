package account

import "testing"

// FuzzPosition: whatever is given as a cursor is a place in the log or none, and the cursor of that place leads there.
func FuzzPosition(f *testing.F) {
	for _, cursor := range []string{"", "-", "1764322200000.17", "-1764322200000.17", "1.", ".1", "-1.-1", "--1.1", "+1.+1", "9223372036854775808.1", "1.1.1"} {
		f.Add(cursor)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		at, newer := position(cursor)
		before := ""
		if newer {
			before = backwards
		}
		if at.At < 0 || at.ID < 0 {
			t.Errorf("%q is %+v", cursor, at)
		}
		written := cursorAt(at, before)
		if again, againNewer := position(written); again != at || written != "" && againNewer != newer {
			t.Errorf("%q is %+v, and %q is %+v", cursor, at, written, again)
		}
	})
}
