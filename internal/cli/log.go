package cli

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"console/internal/trace"
)

// logJSON is the format of a log that programs read: one object a line, and nothing else.
const logJSON = "json"

// newLogger returns a log in a format, which writes to w. Times are in UTC; lines written with the context of a request have its ids.
func newLogger(format string, w io.Writer) *slog.Logger {
	utc := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			a.Value = slog.StringValue(a.Value.Time().UTC().Format(time.RFC3339Nano))
		}
		return a
	}}
	var lines slog.Handler = slog.NewTextHandler(w, utc)
	if format == logJSON {
		lines = slog.NewJSONHandler(w, utc)
	}
	return slog.New(trace.Lines(lines))
}

// askedFormat is the format of the log that the arguments or the environment ask for, found without understanding the rest of
// them: what is wrong there is said in this format too.
func askedFormat(arguments []string) string {
	format := os.Getenv("CONSOLE_LOG_FORMAT")
	for i, argument := range arguments {
		flag, value, joined := strings.Cut(argument, "=")
		if flag != "--log-format" {
			continue
		}
		if !joined && i+1 < len(arguments) {
			value = arguments[i+1]
		}
		format = value
	}
	return format
}
