package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"console/e2e/harness"
	"console/internal/cli"
)

// stopLimit is within what a stop must end: 25 seconds, and some for a machine on which others are at work.
const stopLimit = 30 * time.Second

// TestAStopUnderLoadCutsNoAnswer takes two seconds.
func TestAStopUnderLoadCutsNoAnswer(t *testing.T) {
	t.Parallel()
	var trust *tls.Config
	c := harness.Ready(t, func(s *cli.Serve) { trust = overTLS(t, s) })
	transports := map[string]*http.Transport{
		"HTTP/1.1": {TLSClientConfig: trust.Clone(), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}},
		"HTTP/2.0": {TLSClientConfig: trust.Clone(), ForceAttemptHTTP2: true},
	}
	stopping := make(chan struct{})
	var clients sync.WaitGroup
	var answers, uploads atomic.Int64
	for protocol, transport := range transports {
		t.Cleanup(transport.CloseIdleConnections)
		c.Transport = transport
		admin := c.Browse(c.User(harness.AdminEmail))
		token := admin.Token()
		for range 4 {
			clients.Go(func() {
				for askUntilRefused(t, admin.HTTP, c.URL.String()+"/settings/users", protocol) {
					answers.Add(1)
				}
			})
		}
		clients.Go(func() { // a form of which one half is sent before the stop, and the other while it waits
			form := "csrf_token=" + token + "&name=" + strings.Repeat("x", 300)
			reader, writer := io.Pipe()
			go func() {
				io.WriteString(writer, form[:50])
				<-stopping
				time.Sleep(time.Second) // in which nothing else is under way
				io.WriteString(writer, form[50:])
				writer.Close()
			}()
			answer, err := admin.HTTP.Post(c.URL.String()+"/settings/general/company", "application/x-www-form-urlencoded", reader)
			if err != nil {
				t.Errorf("%s: a form that was under way: %v", protocol, err)
				return
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(body), "</html>") {
				t.Errorf("%s: a form that was under way is answered %d: %v\n%s", protocol, answer.StatusCode, err, body)
			}
			uploads.Add(1)
		})
	}
	harness.Eventually(t, "there is load", func() bool { return answers.Load() > 40 })
	began := time.Now()
	time.AfterFunc(100*time.Millisecond, func() { close(stopping) })
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > stopLimit {
		t.Errorf("the stop took %v", took)
	}
	clients.Wait()
	if uploads.Load() != 2 {
		t.Errorf("%d forms were answered", uploads.Load())
	}
}

// askUntilRefused asks for a page and reads all of the answer; false: no connection was to be had, or it was closed before there was an
// answer. It fails the test for anything else.
func askUntilRefused(t *testing.T, client *http.Client, page, protocol string) bool {
	answer, err := client.Get(page)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	whole := strings.HasSuffix(strings.TrimSpace(string(body)), "</html>")
	if err != nil || answer.StatusCode != http.StatusOK || answer.Proto != protocol || !whole {
		t.Errorf("%s: an answer by %s with status %d is cut after %d bytes: %v", protocol, answer.Proto, answer.StatusCode, len(body), err)
		return false
	}
	return true
}

// TestAStopCutsOffWhoReadsNothing waits the 15 seconds that a stop leaves to requests.
func TestAStopCutsOffWhoReadsNothing(t *testing.T) {
	if os.Getenv("SERVING") != "all" {
		t.Skip("waits for 15 seconds: make test-long")
	}
	t.Parallel()
	c := harness.Ready(t, nil)
	stuck := from(t, c, "127.0.0.2")
	for {
		if err := stuck.SetWriteDeadline(time.Now().Add(2 * time.Second)); err != nil {
			t.Fatal(err)
		}
		_, err := fmt.Fprintf(stuck, "GET /signin HTTP/1.1\r\nHost: %s\r\n\r\n", c.URL.Host)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break // all buffers are full, and the console is in the middle of an answer
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	err := c.Close()
	if took := time.Since(began); took < 10*time.Second || took > stopLimit || err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("the stop took %v: %v", took, err)
	}
	if err := stuck.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, stuck); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is open still")
	}
}
