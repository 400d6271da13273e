package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func networks(t *testing.T, text string) (n Networks) {
	t.Helper()
	if err := n.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFC190_NetworksAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"":                              "[]",
		"10.0.0.5":                      "[10.0.0.5/32]",
		"2001:db8::5":                   "[2001:db8::5/128]",
		"10.0.0.0/8, 192.168.0.0/16":    "[10.0.0.0/8 192.168.0.0/16]",
		"10.0.0.0/8 192.168.0.0/16 ,":   "[10.0.0.0/8 192.168.0.0/16]",
		`"10.0.0.0/8","192.168.0.0/16"`: "[10.0.0.0/8 192.168.0.0/16]",
		"'10.0.0.0/8, ::1'":             "[10.0.0.0/8 ::1/128]",
		"10.0.0.5/8":                    "[10.0.0.0/8]",
		"::ffff:10.0.0.5":               "[10.0.0.5/32]",
		"::ffff:10.0.0.0/104":           "[10.0.0.0/8]",
	} {
		if got := fmt.Sprint(networks(t, written)); got != want {
			t.Errorf("%q is read as %s", written, got)
		}
	}
	for _, written := range []string{"10.0.0.0/33", "proxy.example", "10.0.0", "10.0.0.0/8, x"} {
		var n Networks
		if err := n.UnmarshalText([]byte(written)); err == nil || !strings.Contains(err.Error(), "10.0.0.5/32") {
			t.Errorf("%q is read as %v: %v", written, n, err)
		}
	}
}

// FuzzNetworks: whatever is given as a list of networks, it is refused, or holds networks that contain their own address and are read again.
func FuzzNetworks(f *testing.F) {
	for _, text := range []string{"", "10.0.0.5", "10.0.0.0/8, 192.168.0.0/16", "'::1' \"fd00::/8\"", "::ffff:10.0.0.0/104", "::ffff:10.0.0.5/95", "fe80::1%eth0", "fe80::/10%x",
		"10.0.0.0/33", "10.0.0.0/08", "010.0.0.1", "0/0", "::/0", "\xff", "10.0.0.0/8;;;", "1.2.3.4/-1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var read, again Networks
		if err := read.UnmarshalText([]byte(text)); err != nil {
			return
		}
		var written []string
		for _, network := range read {
			if !network.IsValid() || network.Masked() != network || !network.Contains(network.Addr().Unmap()) || network.Addr().Zone() != "" {
				t.Errorf("%q holds %s", text, network)
			}
			written = append(written, network.String())
		}
		if err := again.UnmarshalText([]byte(strings.Join(written, ", "))); err != nil || !slices.Equal(again, read) {
			t.Errorf("%q is read as %s, and that as %s: %v", text, read, again, err)
		}
	})
}

func TestFC190_WithJSONEveryLineIsJSON(t *testing.T) {
	for name, try := range map[string]struct {
		arguments []string
		variable  string
		status    int
		says      string
	}{
		"before set-up": {[]string{"--log-format", "json", "--listen", "localhost:0", "--trusted-proxies", "10.0.0.5", "--trusted-proxies",
			"10.0.0.0/8, 192.168.0.0/16"}, "", 0, `"msg":"Set-up link","url":"http://localhost:`},
		"asked for by the environment": {[]string{"--listen", "localhost:0"}, "json", 0, `"msg":"Set-up link"`},
		"an unknown option":            {[]string{"--log-format=json", "--wrong"}, "", 2, "unknown flag --wrong"},
		"an unknown option before it":  {[]string{"--wrong", "--log-format", "json"}, "", 2, "unknown flag --wrong"},
		"an unknown command":           {[]string{"wrong"}, "json", 2, "wrong"},
		"a wrong network":              {[]string{"--log-format=json", "--trusted-proxies=10.0.0.0/99"}, "", 2, "10.0.0.5/32"},
		"a wrong base URL":             {[]string{"serve", "--log-format=json", "--listen=localhost:0", "--base-url=x"}, "", 1, "--base-url"},
		"a port that is taken":         {[]string{"--log-format=json", "--listen", "256.0.0.1:1"}, "", 1, "listen"},
	} {
		t.Setenv("CONSOLE_LOG_FORMAT", try.variable)
		if try.variable == "" {
			t.Setenv("CONSOLE_LOG_FORMAT", "text")
		}
		ctx, stop := context.WithCancel(t.Context())
		var out, problems written
		ended := make(chan int)
		go func() {
			ended <- Run(ctx, append(try.arguments, "--data", t.TempDir()), strings.NewReader(""), &out, &problems)
		}()
		for deadline := time.Now().Add(time.Minute); try.status == 0 && !strings.Contains(problems.String(), try.says); {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the log is\n%s", name, problems.String())
			}
			time.Sleep(10 * time.Millisecond)
		}
		if try.status == 0 {
			stop()
		}
		status := <-ended
		stop()
		if status != try.status || !strings.Contains(problems.String()+out.String(), try.says) {
			t.Errorf("%s: status %d\n%s%s", name, status, out.String(), problems.String())
		}
		for line := range strings.Lines(out.String() + problems.String()) {
			var entry struct {
				Time       time.Time
				Level, Msg string
			}
			if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level == "" || entry.Msg == "" || entry.Time.IsZero() {
				t.Errorf("%s: %q is no entry of the log: %v", name, line, err)
			}
		}
	}
}

func TestTheFlagOfTheLogFormatBeatsItsVariable(t *testing.T) {
	t.Setenv("CONSOLE_LOG_FORMAT", "json") // the flag wins
	var problems bytes.Buffer
	if status := Run(t.Context(), []string{"--log-format=text", "--wrong"}, strings.NewReader(""), io.Discard, &problems); status != 2 ||
		problems.String() != "console: unknown flag --wrong\n" {
		t.Errorf("status %d: %s", status, problems.String())
	}
}

// written is what a command has written, which can be read while it writes.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
