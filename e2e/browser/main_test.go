// Package browser tests in Chromium what people do with the mouse, with the keyboard alone, and where no script runs.
package browser

import (
	"testing"

	"console/e2e/harness/chromium"
)

// TestMain closes the browser that the tests share.
func TestMain(m *testing.M) { chromium.Main(m) }
