package browser

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"testing"

	"github.com/chromedp/chromedp"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// TestBrowserRowShowsFocusAtItsEdges looks at the pixels around what stands at the edges of a row that is drawn by itself.
func TestBrowserRowShowsFocusAtItsEdges(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	c.Person("analyst", "Ann", "", "ann@example.com")
	b := chromium.TabOf(c.Browse(c.User(harness.AdminEmail)))
	b.Resize(chromium.Narrow)
	b.Prefer(chromium.Media{Scheme: "light"})
	b.Open("/settings/users")
	for selector, beside := range map[string]string{
		`[aria-label="Select Ann"]`:      "box.left - 1",
		`[aria-label="Actions for Ann"]`: "box.right + 3",
	} {
		at, err := chromium.Evaluate[[]float64](b, fmt.Sprintf(`(() => {
			const element = document.querySelector(%q);
			element.focus({focusVisible: true, preventScroll: true});
			const box = element.getBoundingClientRect();
			return [%s, box.top + box.height / 2];
		})()`, selector, beside))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := chromedp.Run(b.Context, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		window, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		want := color.NRGBA{0xb8, 0x4c, 0x00, 0xff}
		if got := color.NRGBAModel.Convert(window.At(int(at[0]), int(at[1]))); got != want {
			t.Errorf("beside %s the picture is %v, want %v", selector, got, want)
		}
	}
}
