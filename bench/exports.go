package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// exports measures the exports of the activity log at 1,000,000 people, who have as many entries: lines a second for a client on the
// same machine, and how much more memory the server takes than before.
func (b *bench) exports(_ context.Context, data [len(sizes)]string) error {
	console, session, err := b.console(data[large])
	if err != nil {
		return err
	}
	defer console.stop()
	if _, err := firstByte(console.url+"/settings/users?q=nobody", session); err != nil { // so that people are in memory already
		return err
	}
	fmt.Printf("\n| export of the activity log, 1,000,000 people | lines/s | server's processor time for a line, µs | memory, MB more |\n" +
		"| --- | --- | --- | --- |\n")
	for _, format := range []string{"ndjson", "csv"} {
		before, used, began := console.peak(), console.cpu(), time.Now()
		lines, err := download(console.url+"/settings/activity/export."+format, session)
		if err != nil {
			return err
		}
		took := time.Since(began)
		used = console.cpu() - used
		rate := float64(lines) / took.Seconds()
		each := float64(used.Microseconds()) / float64(lines)
		fmt.Printf("| %s, %d lines | %.0f | %.1f | %d |\n", format, lines, rate, each, console.peak()-before)
		b.demands = append(b.demands, demand{what: "export of the activity log as " + format, got: rate, must: 100_000, aim: 100_000,
			format: "%.0f lines/s"})
	}
	return nil
}

// download reads an answer to its end and counts its lines.
func download(url string, header http.Header) (lines int, err error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	request.Header = header.Clone()
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s answered %s", url, response.Status)
	}
	for part := make([]byte, 256<<10); ; {
		n, err := response.Body.Read(part)
		lines += bytes.Count(part[:n], []byte("\n"))
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// peak is the most memory that the process has had so far, in MB (proc(5)).
func (s *server) peak() int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return kilobytes >> 10
}
