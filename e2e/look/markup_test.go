package look

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"

	"console/e2e/harness/chromium"
)

// markup is HTML for the checker of the W3C, which takes seconds to start: it looks at everything at once.
type markup struct {
	dir string

	mu    sync.Mutex
	names []string // by the number in the name of the file
}

func newMarkup(t *testing.T) *markup { return &markup{dir: t.TempDir()} }

// add keeps a document. A page that the checker finds fault with is called by its name.
func (m *markup) add(name, document string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file := filepath.Join(m.dir, fmt.Sprintf("%04d.html", len(m.names)))
	m.names = append(m.names, name)
	if err := os.WriteFile(file, []byte(document), 0o644); err != nil {
		panic(fmt.Sprintf("directory of a test: %v", err))
	}
}

// check fails the test for everything that the checker finds wrong.
func (m *markup) check(t *testing.T) {
	t.Helper()
	faults, err := m.faults()
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

// unknown are what the checker does not know yet: it says of them that they do not exist.
var unknown = []string{"field-sizing", "position-area", "position-try-fallbacks", "@position-try"}

// faults returns the errors and warnings of the checker, each once, with the first page that has it and how many do.
func (m *markup) faults() ([]string, error) {
	messages, err := validate(m.dir, "../../static/app.css", "../../static/icons.svg", "../../static/favicon.svg")
	if err != nil {
		return nil, err
	}
	times := map[string]int{}
	first := map[string]string{}
	for _, message := range messages {
		if slices.ContainsFunc(unknown, func(name string) bool { return strings.Contains(message.Message, "“"+name+"”") }) {
			continue
		}
		if times[message.Message]++; times[message.Message] == 1 {
			first[message.Message] = fmt.Sprintf("%s, line %d: %q", m.document(message.URL), message.LastLine, message.Extract)
		}
	}
	var faults []string
	for message, n := range times {
		faults = append(faults, fmt.Sprintf("%s (%d times, first on %s)", message, n, first[message]))
	}
	slices.Sort(faults)
	return faults, nil
}

// document is the name of the page that was written to a file.
func (m *markup) document(url string) string {
	var i int
	if n, err := fmt.Sscanf(filepath.Base(url), "%04d.html", &i); err != nil || n != 1 || i >= len(m.names) {
		return url
	}
	return m.names[i]
}

// message is what the checker finds wrong.
type message struct {
	URL      string
	Message  string
	Extract  string
	LastLine int
}

// validate runs the checker over files, and over directories of HTML.
func validate(paths ...string) ([]message, error) {
	const jar = "tools/node_modules/vnu-jar/build/dist/vnu.jar"
	if _, err := os.Stat(jar); err != nil {
		return nil, fmt.Errorf("the HTML checker is not installed, run make tools: %w", err)
	}
	quick := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xss4m"} // it ends before more would pay
	command := exec.Command(
		"java",
		append(
			append(quick, "-jar", jar, "--exit-zero-always", "--stdout", "--format", "json", "--also-check-css", "--also-check-svg"),
			paths...)...)
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("HTML checker: %w", err)
	}
	var report struct{ Messages []message }
	if err := json.Unmarshal(output, &report); err != nil {
		return nil, fmt.Errorf("HTML checker: %w: %s", err, output)
	}
	return report.Messages, nil
}

// source returns the page as the server sent it.
func source(b *chromium.Tab) string {
	b.Console.T.Helper()
	return string(chromium.Must(b, network.GetResponseBody, network.GetResponseBodyParams{RequestID: b.Answered().RequestID}).Body)
}

// drawn returns the page as it has become, for example with a dialog.
func drawn(b *chromium.Tab) string {
	b.Console.T.Helper()
	b.Is(`document.readyState === "complete"`) // a page says its first words before its last have arrived
	html, err := chromium.Evaluate[string](b, `"<!DOCTYPE html>\n" + document.documentElement.outerHTML`)
	if err != nil {
		b.Console.T.Fatal(err)
	}
	return html
}

func TestLook_NoticesMarkup(t *testing.T) {
	t.Parallel()
	documents := newMarkup(t)
	documents.add("right", `<!DOCTYPE html><html lang="en"><head><title>Title</title></head><body><p>Text</p></body></html>`)
	documents.add("wrong", `<!DOCTYPE html><html lang="en"><head><title>Title</title></head><body><ul><p>Planted</ul></body></html>`)
	documents.add(
		"odd",
		`<!DOCTYPE html><html lang="en"><head><title>Title</title></head><body><section><p>Planted</p></section></body></html>`,
	)
	faults, err := documents.faults()
	if err != nil {
		t.Fatal(err)
	}
	if len(faults) != 2 || !strings.Contains(faults[0]+faults[1], "on wrong") || !strings.Contains(faults[0]+faults[1], "on odd") {
		t.Errorf("noticed %q", faults)
	}
}
