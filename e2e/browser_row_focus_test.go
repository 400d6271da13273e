package e2e

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserRowShowsFocusAtItsEdges looks at the pixels around what stands at the edges of a row that is drawn by itself.
func TestBrowserRowShowsFocusAtItsEdges(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	c := ready(t, nil)
	b := c.browse(c.user(adminEmail)).tab()
	b.resize(narrow)
	b.prefer(media{scheme: "light"})
	b.open("/settings/users")
	for selector, beside := range map[string]string{
		`[aria-label="Select John Doe"]`:      "box.left - 1",
		`[aria-label="Actions for John Doe"]`: "box.right + 3",
	} {
		at, err := evaluate[[]float64](b, fmt.Sprintf(`(() => {
			const element = document.querySelector(%q);
			element.focus({focusVisible: true, preventScroll: true});
			const box = element.getBoundingClientRect();
			return [%s, box.top + box.height / 2];
		})()`, selector, beside))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
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
