package load

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"console/e2e/harness"
)

// TestExportsTakeConstantMemory exports many entries, and watches the memory of the program. BURST asks for a thousand times as many.
func TestExportsTakeConstantMemory(t *testing.T) {
	t.Parallel()
	const token = "session of John"
	entries := 200_000
	if text := os.Getenv("BURST"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("BURST=%s is no number", text)
		}
		entries = n * 1000
	}
	data := harness.Stored(t, token, nil)
	harness.Reopen(t, data).Exec(`INSERT INTO activity (at, actor_id, actor, source, address, request_id, action, object_type, object_id, object,
			outcome, changes, mac)
		WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < $1)
		SELECT 1700000000000 + i * 1000, i % 50, 'John Doe <johndoe@example.com>', 'UI', '192.0.2.17', '01931c2a-7d1c-7c3e-9a53-3f0c1b7d5e21',
			iif(i % 3, 'edit user', 'disable access'), 'user', i, 'Ann Roe <ann@example.com>', 'done', '{"first name":["Anne","Ann"]}',
			randomblob(32) FROM numbers`, entries)
	p := harness.Launch(t, harness.Build(t), data, token)
	p.Get("/settings/activity").Wants(http.StatusOK)
	for _, path := range []string{"export.ndjson", "export.csv", "export.ndjson?outcome=done", "export.csv?q=ann"} {
		before, used, began := p.Anonymous(), p.Processor(), time.Now()
		request, err := http.NewRequest(http.MethodGet, p.Console.URL.String()+"settings/activity/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", "identity")
		answer, err := p.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		lines, size, looked, most := 0, 0, 0, before
		for part := make([]byte, 64<<10); err == nil; {
			var n int
			n, err = answer.Body.Read(part)
			lines, size = lines+bytes.Count(part[:n], []byte("\n")), size+n
			if size-looked > 4<<20 {
				looked, most = size, max(most, p.Anonymous())
			}
		}
		answer.Body.Close()
		if !errors.Is(err, io.EOF) || answer.StatusCode != http.StatusOK || lines < entries {
			t.Errorf("%s: %s with %d lines: %v", path, answer.Status, lines, err)
		}
		took, more := time.Since(began), most-before
		if more > 48 {
			t.Errorf("%s takes %d MB", path, more)
		}
		t.Logf("%s: %d lines, %d MB, %.0f lines/s, %v of the processor for a line, %d MB more", path, lines, size>>20,
			float64(lines)/took.Seconds(), (p.Processor()-used)/time.Duration(max(lines, 1)), more)
	}
}
