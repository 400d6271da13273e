package look

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"console/e2e/harness"
	"console/e2e/harness/chromium"
)

// mostBytes is what the first page may weigh with everything it loads, as it is sent.
const mostBytes = 60_000

// load is what a browser that has nothing yet loads for a page.
type load struct {
	mu      sync.Mutex
	answers []*network.Response
	bytes   float64
}

// notice counts what is loaded over the network.
func (l *load) notice(event any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e := event.(type) {
	case *network.EventResponseReceived:
		if !strings.HasPrefix(e.Response.URL, "data:") {
			l.answers = append(l.answers, e.Response)
		}
	case *network.EventLoadingFinished:
		l.bytes += e.EncodedDataLength
	}
}

var (
	hashed      = regexp.MustCompile(`^/static/([a-z.]+\.[0-9a-f]{8}\.[a-z]+|[0-9a-f]{8}/script/[a-z]+\.js)$`)
	keptForLong = regexp.MustCompile(`max-age=31536000.*immutable`)
)

// check fails the test where a file could not be kept for good, or comes from elsewhere.
func (l *load) check(t *testing.T, from *url.URL) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, answer := range l.answers {
		to, err := url.Parse(answer.URL)
		if err != nil || to.Host != from.Host {
			t.Errorf("%s is from elsewhere: %v", answer.URL, err)
			continue
		}
		control, _ := answer.Headers["Cache-Control"].(string)
		switch static := strings.HasPrefix(to.Path, "/static/"); {
		case static && (!hashed.MatchString(to.Path) || !keptForLong.MatchString(control)):
			t.Errorf("%s has Cache-Control %q", to.Path, control)
		case !static && !strings.Contains(control, "no-store"):
			t.Errorf("the page %s has Cache-Control %q", to.Path, control)
		}
	}
	if len(l.answers) < 4 || l.bytes < 10_000 {
		t.Errorf("only %d files with %.0f bytes were noticed", len(l.answers), l.bytes)
	}
	if l.bytes > mostBytes {
		t.Errorf("%.0f bytes were loaded", l.bytes)
	}
	t.Logf("%d files, %.0f bytes", len(l.answers), l.bytes)
}

func TestLook_FirstLoad(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, nil)
	for path, b := range map[string]*chromium.Tab{"/signin": chromium.NewTab(c, true), "/settings/users": chromium.TabOf(c.Browse(c.User(harness.AdminEmail)))} {
		t.Run(path, func(t *testing.T) {
			var l load
			if err := chromedp.Listen(b.Context, l.notice); err != nil {
				t.Fatal(err)
			}
			b.Open(path)
			b.Is(`performance.getEntriesByType("resource").length >= 3 + document.querySelectorAll('link[rel="modulepreload"]').length`)
			l.check(t, c.URL)
		})
	}
}
