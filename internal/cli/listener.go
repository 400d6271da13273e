package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
)

// listen opens --listen, unless systemd has passed a socket on which to answer: that was opened before the console was started and
// outlives it, so that nobody who connects meanwhile is refused.
func (s *Serve) listen() error {
	passed, err := passedSocket()
	if err != nil {
		return err
	}
	if passed != nil {
		s.Listener, s.Listen = passed, passed.Addr().String()
		return nil
	}
	listener, err := net.Listen("tcp", s.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another program answers at %s already: stop it, or name another address with --listen", s.Listen)
	}
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	s.Listener = listener
	return nil
}

// passedSocket is the socket that was passed to this process (sd_listen_fds(3)), or nil. Nothing that this process starts takes it for
// its own.
func passedSocket() (net.Listener, error) {
	files := activation.Files(true)
	if len(files) == 0 {
		return nil, nil
	}
	if len(files) > 1 {
		return nil, fmt.Errorf("systemd passes %d sockets: leave one ListenStream= in the socket unit", len(files))
	}
	listener, err := net.FileListener(files[0])
	if err := errors.Join(err, files[0].Close()); err != nil { // the listener has a copy of it
		return nil, fmt.Errorf("the socket that systemd passes cannot be listened on: %w", err)
	}
	if _, isTCP := listener.(*net.TCPListener); !isTCP {
		return nil, errors.Join(fmt.Errorf("systemd passes the socket %s: the console answers on TCP, as in ListenStream=8080", listener.Addr()),
			listener.Close())
	}
	return listener, nil
}

// boundedListener takes so many connections at once and no more. An address has as many of them at most as are free, but for reverse
// proxies, who have those of everybody: who opens them without end leaves half of all to others, two leave a third, and so on. One too
// many is closed before anything is read from it or encrypted, which costs next to nothing.
type boundedListener struct {
	net.Listener
	limit   int
	proxies Networks
	log     *slog.Logger

	mu     sync.Mutex
	open   int
	of     map[netip.Addr]int // open ones of an address, but for proxies; of IPv6 its /64 counts
	toldAt time.Time          // when the log was told that one was refused
}

func newBoundedListener(inner net.Listener, limit int, proxies Networks, log *slog.Logger) *boundedListener {
	return &boundedListener{Listener: inner, limit: limit, proxies: proxies, log: log, of: map[netip.Addr]int{}}
}

// Accept returns the next connection that there is room for.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := l.countedUnder(conn)
		if l.take(from) {
			return &boundedConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		l.refuse(conn)
	}
}

// countedUnder is the address that a connection is one of; of a proxy none.
func (l *boundedListener) countedUnder(conn net.Conn) netip.Addr {
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	address := from.Addr().Unmap().WithZone("")
	for _, proxy := range l.proxies {
		if proxy.Contains(address) {
			return netip.Addr{}
		}
	}
	if address.Is4() {
		return address
	}
	return netip.PrefixFrom(address, 64).Masked().Addr()
}

func (l *boundedListener) take(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	free := l.limit - l.open
	if free <= 0 || from.IsValid() && l.of[from] >= free {
		return false
	}
	l.open++
	if from.IsValid() {
		l.of[from]++
	}
	return true
}

func (l *boundedListener) leave(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if !from.IsValid() {
		return
	}
	if l.of[from]--; l.of[from] == 0 {
		delete(l.of, from)
	}
}

// refuse closes a connection at once, and tells of the first in a minute.
func (l *boundedListener) refuse(conn net.Conn) {
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // the system keeps nothing of it
	}
	_ = conn.Close() // it is not wanted, whatever it says
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.toldAt) < time.Minute {
		return
	}
	l.toldAt = time.Now()
	l.log.Warn("connections are refused: there are too many, or too many from one address", "address", conn.RemoteAddr().String(),
		"open", l.open, "limit", l.limit)
}

// boundedConn makes room for another when it is closed.
type boundedConn struct {
	net.Conn
	leave func()
}

// Close closes the connection. It may be called more than once.
func (c *boundedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// CloseWrite lets the other end read an answer to its end after which the connection is closed: http.Server asks for it.
func (c *boundedConn) CloseWrite() error {
	half, can := c.Conn.(interface{ CloseWrite() error })
	if !can {
		return nil
	}
	return half.CloseWrite()
}
