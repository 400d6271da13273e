package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"console/e2e/harness"
	"console/internal/cli"
	"console/internal/fake"
)

// overTLS has a console serve https by itself, for a browser that speaks HTTP/2 or HTTP/1.1. It returns what trusts its certificate.
func overTLS(t *testing.T, s *cli.Serve) *tls.Config {
	t.Helper()
	pair, dir := fake.NewPair(t), t.TempDir()
	s.TLSCert, s.TLSKey = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for path, content := range map[string][]byte{s.TLSCert: pair.Certificate, s.TLSKey: pair.Key} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.BaseURL = strings.Replace(s.BaseURL, "http://", "https://", 1)
	return &tls.Config{RootCAs: pair.Roots(), MinVersion: tls.VersionTLS12}
}

// connect opens a connection to a console from an address in 127.0.0.0/8, with a buffer as small as it can be.
func connect(t *testing.T, c *harness.Console, address string) (*net.TCPConn, error) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", c.Config.Listener.Addr().String())
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	tcp := conn.(*net.TCPConn)
	return tcp, tcp.SetReadBuffer(1 << 10)
}

// from is connect for who is let in.
func from(t *testing.T, c *harness.Console, address string) *net.TCPConn {
	t.Helper()
	conn, err := connect(t, c, address)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// isClosed says whether the other end closes a connection in which it is asked for nothing more.
func isClosed(conn net.Conn) bool {
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		return false
	}
	_, err := io.Copy(io.Discard, conn)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// TestASVS_15_2_2_SlowClientsKeepNobodyOut waits about three seconds for what is to be closed.
func TestASVS_15_2_2_SlowClientsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, func(s *cli.Serve) {
		s.Limits = cli.Limits{Head: time.Second, Request: 2 * time.Second, Answer: 2 * time.Second, Idle: 3 * time.Second}
	})
	head := "Host: " + c.URL.Host + "\r\n"
	var slow []net.Conn
	for range 5 {
		silent, dripping, body, reading := from(t, c, "127.0.0.2"), from(t, c, "127.0.0.2"), from(t, c, "127.0.0.2"), from(t, c, "127.0.0.2")
		slow = append(slow, silent, dripping, body, reading)
		go drip(dripping, "GET /signin HTTP/1.1\r\n"+head+strings.Repeat("X-More: x\r\n", 1000))
		go drip(body, "POST /signin HTTP/1.1\r\n"+head+"Content-Length: 10000\r\n\r\n"+strings.Repeat("x", 10000))
		go func() { // asks for more than all buffers hold, and reads nothing of it
			for range 2000 {
				if _, err := fmt.Fprintf(reading, "GET /signin HTTP/1.1\r\n%s\r\n", head); err != nil {
					return
				}
			}
		}()
	}
	closed := make(chan int)
	for i, conn := range slow {
		if i%4 == 3 { // its end is seen by writing
			go func() {
				for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
					if _, err := io.WriteString(conn, "\r\n"); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
						closed <- -1
						return
					}
				}
				closed <- i
			}()
			continue
		}
		go func() {
			if isClosed(conn) {
				i = -1
			}
			closed <- i
		}()
	}
	other := c.Browser()
	for left := len(slow); left > 0; {
		other.Get("/signin").Wants(http.StatusOK)
		select {
		case i := <-closed:
			if left--; i >= 0 {
				t.Errorf("the connection %d is not closed", i)
			}
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// drip sends a text byte by byte, until the other end closes the connection.
func drip(conn net.Conn, text string) {
	for i := range text {
		if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestASVS_15_2_2_ManyConnectionsLeaveRoomForOthers takes a moment.
func TestASVS_15_2_2_ManyConnectionsLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, func(s *cli.Serve) { s.Limits = cli.Limits{Connections: 60} })
	// takes is how many of 80 connections from an address are kept.
	takes := func(address string) (kept []*net.TCPConn) {
		t.Helper()
		for range 80 {
			conn, err := connect(t, c, address)
			if err != nil {
				continue // closed so soon
			}
			fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") // it may be closed by now
			if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 200"))); err == nil {
				kept = append(kept, conn)
			} else if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("a connection is neither served nor closed")
			} else {
				conn.Close()
			}
		}
		return kept
	}
	first, second, third := takes("127.0.0.2"), takes("127.0.0.3"), takes("127.0.0.4")
	if len(first) != 30 || len(second) != 15 || len(third) < 7 || len(third) > 8 {
		t.Errorf("of 60 connections three addresses have %d, %d and %d", len(first), len(second), len(third))
	}
	other := c.Browser()
	other.Get("/signin").Wants(http.StatusOK)
	if n := strings.Count(c.Log.String(), "connections are refused"); n != 1 {
		t.Errorf("the log says %d times that connections are refused", n)
	}
	leave := func(connections []*net.TCPConn) {
		for _, conn := range connections {
			conn.Close()
		}
	}
	leave(append(first, second...))
	harness.Eventually(t, "there is room again", func() bool {
		taken := takes("127.0.0.5")
		leave(taken) // or there would be no room the next time
		return len(taken) > 20
	})
}

// TestProxiesHaveTheConnectionsOfEverybody takes a moment.
func TestProxiesHaveTheConnectionsOfEverybody(t *testing.T) {
	t.Parallel()
	c := harness.Ready(t, func(s *cli.Serve) {
		harness.BehindProxy(s)
		s.Limits = cli.Limits{Connections: 20}
	})
	for i := range 20 {
		conn := from(t, c, "127.0.0.2")
		fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 200"))); err != nil {
			t.Fatalf("connection %d of a proxy: %v", i, err)
		}
	}
	if conn, err := connect(t, c, "127.0.0.2"); err == nil && !isClosed(conn) {
		t.Error("there is no end to the connections of a proxy")
	}
}

// TestHTTP2HasLimits waits about four seconds for what is to be closed.
func TestHTTP2HasLimits(t *testing.T) {
	t.Parallel()
	var trust *tls.Config
	c := harness.Ready(t, func(s *cli.Serve) {
		trust = overTLS(t, s)
		s.Limits = cli.Limits{Head: 5 * time.Second, Request: time.Second, Answer: 5 * time.Second, Idle: 2 * time.Second}
	})
	trust.NextProtos = []string{"h2"}
	transport := &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	c.Transport = transport
	if a := c.Administrator().Get("/settings/users").Wants(http.StatusOK); a.ProtoMajor != 2 {
		t.Errorf("the protocol is %s", a.Proto)
	}

	trust.ServerName = "localhost"
	conn := tls.Client(from(t, c, "127.0.0.2"), trust)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	var block strings.Builder
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "POST"}, {":scheme", "https"}, {":authority", c.URL.Host}, {":path", "/signin"}} {
		if err := encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
			t.Fatal(err)
		}
	}
	// A form whose body never comes.
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte(block.String()), EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	streams, answered := uint32(0), false
	for {
		frame, err := framer.ReadFrame()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("a connection in which nothing happens is not closed")
		}
		if err != nil {
			break // closed
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if value, is := f.Value(http2.SettingMaxConcurrentStreams); is {
				streams = value
			}
		case *http2.HeadersFrame, *http2.RSTStreamFrame:
			answered = true
		}
	}
	if streams != 100 || !answered {
		t.Errorf("a client may have %d requests at once; the one without its body was answered: %v", streams, answered)
	}
}
