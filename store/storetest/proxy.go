package storetest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
)

// Proxy stands between programs and the cluster of a package's tests, and takes the database away from them alone.
type Proxy struct {
	place  string
	socket string // of the cluster
	at     string // where it listens

	mu       sync.Mutex
	listener net.Listener // nil: away
	open     map[net.Conn]bool
	cut      Cut
	value    []byte // which the transaction was sent
	cuts     int
}

// Cut is at which moment of a commit the connection is to be lost.
type Cut int

// The moments at which a Proxy cuts a connection.
const (
	Never        Cut = iota
	BeforeCommit     // the server does not get it
	AfterCommit      // the server has done it, and its answer is lost
)

// NewProxy returns a proxy for the database at a place. It goes with the test.
func NewProxy(t testing.TB, place string) *Proxy {
	t.Helper()
	u, err := url.Parse(place)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{socket: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"), at: "127.0.0.1:0", open: map[net.Conn]bool{}}
	p.Back(t)
	query := u.Query()
	query.Del("host")
	u.Host, u.RawQuery = p.at, query.Encode()
	p.place = u.String()
	t.Cleanup(p.Away)
	return p
}

// Place is the name of the database for who is to reach it through the proxy.
func (p *Proxy) Place() string { return p.place }

// Away cuts all connections and refuses new ones.
func (p *Proxy) Away() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close() // nobody listens then, whatever it says
		p.listener = nil
	}
	p.end()
}

// Lose cuts all connections at this moment, and goes on to take new ones.
func (p *Proxy) Lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

// Back takes connections again.
func (p *Proxy) Back(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	listener, err := net.Listen("tcp", p.at)
	if err != nil {
		t.Fatal(err)
	}
	p.listener, p.at = listener, listener.Addr().String()
	go p.accept(listener)
}

// CutAt has the connection of the next commit lost of a transaction that was sent this value. Later ones are left alone.
func (p *Proxy) CutAt(moment Cut, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.value = moment, []byte(value)
}

// Cuts is how many commits have lost their connection.
func (p *Proxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

func (p *Proxy) end() {
	for conn := range p.open {
		_ = conn.Close() // it is to be lost
	}
	clear(p.open)
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.socket)
		if err != nil {
			_ = client.Close() // as the server has refused it
			continue
		}
		p.mu.Lock()
		p.open[client], p.open[server] = true, true
		p.mu.Unlock()
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			_, _ = io.Copy(client, server) // it ends when either side has gone
			p.drop(client, server)
		}()
		go p.forward(client, server, answered)
	}
}

func (p *Proxy) drop(connections ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range connections {
		_ = conn.Close() // the other side has gone
		delete(p.open, conn)
	}
}

// forward passes on what a client sends, up to the commit at which its connection is to be lost. answered is closed when nothing more
// comes back.
func (p *Proxy) forward(client, server net.Conn, answered <-chan struct{}) {
	defer p.drop(client, server)
	buffer := make([]byte, 64<<10)
	meant := false // the transaction at hand
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		moment := Never
		meant = meant || p.isMeant(buffer[:n])
		if bytes.Contains(buffer[:n], []byte("commit\x00")) {
			if meant {
				moment = p.take()
			}
			meant = false
		}
		if moment == BeforeCommit {
			return
		}
		if moment == AfterCommit {
			p.drop(client) // first, so that no answer gets through
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if moment == AfterCommit {
			<-answered // the answer to the commit finds nobody
			return
		}
	}
}

func (p *Proxy) isMeant(sent []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut != Never && bytes.Contains(sent, p.value)
}

// take is the moment at which the commit at hand loses its connection.
func (p *Proxy) take() Cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	moment := p.cut
	if moment != Never {
		p.cut = Never
		p.cuts++
	}
	return moment
}
