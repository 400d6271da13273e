package chromium

import (
	"github.com/chromedp/cdproto/emulation"
)

// The widths of most windows, in pixels: of a computer and of a telephone.
const Wide, Narrow = 1440, 390

// Media is what a person has told the system about what they want to see; nobody in these tests wants motion.
type Media struct {
	Scheme string // light or dark
	Forced bool   // few colours, of the person's own
}

// Prefer makes the tab show pages as the person wants to see them. The page is not loaded again.
func (b *Tab) Prefer(m Media) {
	forced := map[bool]string{true: "active", false: "none"}[m.Forced]
	Must(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{
			Name:  "prefers-color-scheme",
			Value: m.Scheme,
		},
		{Name: "prefers-reduced-motion", Value: "reduce"},
		{Name: "forced-colors", Value: forced},
	}})
}

// Resize gives the window this width. Narrow ones are those of telephones.
func (b *Tab) Resize(width int) { b.ResizeTo(width, 900) }

// ResizeTo gives the window this width and height.
func (b *Tab) ResizeTo(width, height int) {
	Must(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(width), ScreenWidth: int64(width), Height: int64(height), ScreenHeight: int64(height), DeviceScaleFactor: 1,
		Mobile: width < 600,
	})
}
