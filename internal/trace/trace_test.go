package trace

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

func TestTraceparent(t *testing.T) {
	t.Parallel()
	const id, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for sent, want := range map[string]string{
		"00-" + id + "-" + span + "-01":                      id,
		" 00-" + id + "-" + span + "-00 ":                    id,
		"cc-" + id + "-" + span + "-01":                      id, // of a later version
		"cc-" + id + "-" + span + "-01-what-comes-then":      id,
		"00-" + id + "-" + span + "-01-more":                 "",
		"cc-" + id + "-" + span + "-01.what-comes-then":      "",
		"ff-" + id + "-" + span + "-01":                      "",
		"00-" + strings.ToUpper(id) + "-" + span + "-01":     "",
		"00-" + strings.Repeat("0", 32) + "-" + span + "-01": "",
		"00-" + id + "-" + strings.Repeat("0", 16) + "-01":   "",
		"00-" + id[1:] + "-" + span + "-01":                  "",
		"00-" + id + "-" + span:                              "",
		"00-" + id + "-" + span + "-1":                       "",
		"00-" + id + "-" + span + "-01\n":                    id, // as no header can be sent
		"":                                                   "",
		id:                                                   "",
	} {
		if got := IDOf(http.Header{"Traceparent": {sent}}); got != want {
			t.Errorf("%q gives %q", sent, got)
		}
	}
	one := "00-" + id + "-" + span + "-01"
	if got := IDOf(http.Header{"Traceparent": {one, one}}) + IDOf(nil); got != "" {
		t.Errorf("two or none give %q", got)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for id, fit := range map[string]bool{
		"0d8f4c0e-7a53-4c8e-8a64-2f5f4c7b1e1d": true, "Root.1_a": true, strings.Repeat("x", 64): true,
		strings.Repeat("x", 65): false, "": false, "a b": false, "a\nb": false, `a"`: false, "ä": false, "a=b": false,
	} {
		if IsID(id) != fit {
			t.Errorf("%q: %v", id, !fit)
		}
	}
}

func TestLinesSayToWhichRequestTheyBelong(t *testing.T) {
	t.Parallel()
	var written strings.Builder
	log := slog.New(Lines(slog.NewTextHandler(&written, nil)))
	ctx := With(context.Background(), Request{ID: "one", TraceID: "two"})
	log.InfoContext(ctx, "a")
	log.With("more", 1).WarnContext(With(ctx, Request{ID: "three"}), "b")
	log.InfoContext(context.Background(), "c")
	for i, want := range []string{"request_id=one trace_id=two", "more=1 request_id=three", "msg=c"} {
		if line := strings.Split(written.String(), "\n")[i]; !strings.HasSuffix(line, want) {
			t.Errorf("%s: %q is missing", line, want)
		}
	}
}

func TestPanicsTellNothingThatWasSent(t *testing.T) {
	t.Parallel()
	caught := func(f func()) (said string) {
		defer func() { said = Panic(recover()) }()
		f()
		return ""
	}
	var none []int
	if said := caught(func() { none[len(said(""))] = 1 }); said != "runtime error: index out of range [0] with length 0" {
		t.Error(said)
	}
	if said := caught(func() { panic("secret") }); said != "string" {
		t.Error(said)
	}
	if said := caught(func() { panic(errors.New("secret")) }); said != "*errors.errorString" {
		t.Error(said)
	}
}

func said(text string) string { return text }
