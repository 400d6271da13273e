// Package look looks at every page and every mail as people and checkers see them, at all widths and in all colours.
package look

import (
	"testing"

	"console/e2e/harness/chromium"
)

// TestMain closes the browser that the tests share.
func TestMain(m *testing.M) { chromium.Main(m) }
