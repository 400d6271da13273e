package notify

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf16"
)

// letter is what one attempt has to say to a target.
type letter struct {
	id       string // of the delivery, the same in every attempt
	attempt  int    // from 1
	events   []Message
	settings Settings
	site     Site
	vendors  string
	now      time.Time
}

// onlyMessage is the only one, for kinds that take one at a time.
func (l letter) onlyMessage() Message { return l.events[0] }

// vendor is the URL of a vendor's API.
func (l letter) vendor(host, path string) string {
	if l.vendors != "" {
		return l.vendors + path
	}
	return "https://" + host + path
}

// event is a message as programs get it.
type event struct {
	Summary     string  `json:"summary"`
	Description string  `json:"description"`
	Details     Details `json:"details"`
}

func (m Message) event() event {
	return event{Summary: m.Subject, Description: m.body(), Details: m.Details}
}

// body is the text without its first line, which is the subject.
func (m Message) body() string {
	return strings.TrimLeft(strings.TrimPrefix(m.Text, m.Subject), "\n")
}

// header returns a header of one field.
func header(name, value string) http.Header {
	return http.Header{http.CanonicalHeaderKey(name): {value}}
}

// sentence says in one line what happened: the first of the paragraph after the type of the notification.
func (m Message) sentence() string {
	paragraphs := strings.Split(m.body(), "\n\n")
	if len(paragraphs) < 2 {
		return m.Subject
	}
	sentence, _, _ := strings.Cut(paragraphs[1], "\n")
	return sentence
}

// shorten cuts text to at most limit characters, counted as UTF-16 does: every service counts so or counts fewer.
func shorten(text string, limit int) string {
	units, fits := 0, 0 // fits: how many bytes leave room for the mark
	for i, r := range text {
		if units < limit {
			fits = i
		}
		if units += utf16.RuneLen(r); units > limit {
			return text[:fits] + "…"
		}
	}
	return text
}
