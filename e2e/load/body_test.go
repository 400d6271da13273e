package load

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// TestFC203_HeldUploadsTakeLittleMemory holds uploads of a visitor half-way.
func TestFC203_HeldUploadsTakeLittleMemory(t *testing.T) { // alone: it measures
	c := newCrashing(t)
	hold := func(n int) {
		for range n {
			connection, err := net.Dial("tcp", c.base.Host)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { connection.Close() })
			fmt.Fprintf(connection, "POST /signin HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
				"Content-Length: %d\r\n\r\n%s", c.base.Host, 64<<10, strings.Repeat("x", 40<<10))
		}
		time.Sleep(time.Second) // nothing says that the server has read what was sent
	}
	hold(5)
	before := c.resident()
	hold(200)
	grown := c.resident() - before
	t.Logf("200 held uploads take %d KiB", grown>>10)
	if grown >= 20<<20 {
		t.Error("more than 20 MiB")
	}
}
