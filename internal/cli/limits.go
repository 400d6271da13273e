package cli

import (
	"cmp"
	"net/http"
	"time"
)

// Limits are the time and the room that those at the other ends of connections get, so that slow and many ones keep nobody else out. What
// is zero is as in usualLimits.
type Limits struct {
	Head        time.Duration // for the handshake of TLS and the head of a request to arrive
	Request     time.Duration // for all of a request to arrive
	Answer      time.Duration // for an answer to be taken; of a file that is saved, for each of its parts
	Idle        time.Duration // between two requests of a connection
	Connections int           // at once
}

// usualLimits are what serve takes. There are fewer connections where the system lets a process open few files.
var usualLimits = Limits{Head: 10 * time.Second, Request: 30 * time.Second, Answer: time.Minute, Idle: 2 * time.Minute, Connections: 4096}

const (
	maxHead    = 32 << 10 // bytes of the head of a request
	maxStreams = 100      // requests at once in a connection of HTTP/2, which is what its specification recommends at least (RFC 9113 §6.5.2)
)

func (l Limits) orUsual() Limits {
	usual := usualLimits
	return Limits{
		Head: cmp.Or(l.Head, usual.Head), Request: cmp.Or(l.Request, usual.Request), Answer: cmp.Or(l.Answer, usual.Answer),
		Idle: cmp.Or(l.Idle, usual.Idle), Connections: cmp.Or(l.Connections, min(usual.Connections, maxFiles()/2)),
	}
}

// server answers requests within the limits.
func (l Limits) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: l.Head, ReadTimeout: l.Request, WriteTimeout: l.Answer, IdleTimeout: l.Idle, MaxHeaderBytes: maxHead,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams, WriteByteTimeout: l.Answer},
	}
}
