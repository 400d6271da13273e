// Package trace says in the log to which request a line belongs. The context of a request carries its ids, and a log made with Lines
// puts them into every line that is written with that context.
package trace

import (
	"context"
	"log/slog"
)

// Request is what tells the lines of one request from those of others.
type Request struct {
	ID      string // of the console, or of the reverse proxy before it
	TraceID string // of all that a call brought about in several programs, 32 hexadecimal digits; empty: nobody has said it
}

type key struct{}

// With returns a context for what belongs to a request.
func With(ctx context.Context, r Request) context.Context { return context.WithValue(ctx, key{}, r) }

// Of returns the request to which ctx belongs, or the zero value.
func Of(ctx context.Context) Request {
	r, _ := ctx.Value(key{}).(Request)
	return r
}

// Lines returns a handler that adds request_id and trace_id to the lines of next, where the context knows them.
func Lines(next slog.Handler) slog.Handler { return lines{next} }

type lines struct{ slog.Handler }

func (l lines) Handle(ctx context.Context, line slog.Record) error {
	r := Of(ctx)
	if r.ID != "" {
		line.AddAttrs(slog.String("request_id", r.ID))
	}
	if r.TraceID != "" {
		line.AddAttrs(slog.String("trace_id", r.TraceID))
	}
	return l.Handler.Handle(ctx, line)
}

func (l lines) WithAttrs(attributes []slog.Attr) slog.Handler {
	return lines{l.Handler.WithAttrs(attributes)}
}

func (l lines) WithGroup(name string) slog.Handler { return lines{l.Handler.WithGroup(name)} }
