package fake

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func post(t *testing.T, url string) *http.Response {
	t.Helper()
	response, err := http.Post(url, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func TestReceiverRecordsAndAnswersInOrder(t *testing.T) {
	t.Parallel()
	r := NewReceiver(t)
	if body, _ := io.ReadAll(post(t, r.URL+"/first").Body); string(body) != "ok" {
		t.Errorf("default answer %q", body)
	}
	r.Respond(Response{Status: 503, Header: map[string]string{"Retry-After": "7"}}, Response{Status: 201})
	for _, want := range []int{503, 201, 201} {
		response := post(t, r.URL)
		if response.StatusCode != want || (want == 503) != (response.Header.Get("Retry-After") == "7") {
			t.Errorf("status %d, want %d", response.StatusCode, want)
		}
	}
	first := r.Wait(t, 4)[0]
	if first.Method != "POST" || first.Path != "/first" || string(first.Body) != "hello" || first.Header.Get("Content-Type") != "text/plain" ||
		first.At.IsZero() {
		t.Errorf("recorded %+v", first)
	}
	r.Close()
	if _, err := http.Get(r.URL); err == nil || len(r.Requests()) != 4 {
		t.Errorf("a closed receiver answers, or forgot: %v", err)
	}
}

func TestReceiverNeverEnds(t *testing.T) {
	t.Parallel()
	r := NewReceiver(t)
	r.Respond(Response{Body: "start", Endless: true}, Response{Delay: time.Hour})
	if n, err := io.CopyN(io.Discard, post(t, r.URL).Body, 1<<20); err != nil {
		t.Errorf("the body ended after %d bytes: %v", n, err)
	}
	failed := make(chan error)
	go func() {
		response, err := http.Get(r.URL)
		if err == nil {
			response.Body.Close()
		}
		failed <- err
	}()
	r.Wait(t, 2)
	r.Close() // also while an answer is delayed
	if err := <-failed; err == nil {
		t.Error("a closed receiver answered")
	}
}
