package harness

import (
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Statements stands between a console and its server of PostgreSQL, and writes down what the server is asked, one entry for each time
// that the console waits for its answer.
type Statements struct {
	URL string // of the database, through it

	mu          sync.Mutex
	connections int
	asked       []Statement
}

// Statement is what a connection has asked.
type Statement struct {
	Connection int
	Text       string // "prepare" and a statement where that is only made ready
}

// Watch listens on a socket of its own for a database, which is named by a URL of [storetest.Place].
func Watch(t *testing.T, database string) *Statements {
	t.Helper()
	to, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	const socket = ".s.PGSQL.5432"
	query := to.Query()
	server := filepath.Join(query.Get("host"), socket)
	own := t.TempDir()
	query.Set("host", own)
	to.RawQuery = query.Encode()
	listener, err := net.Listen("unix", filepath.Join(own, socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &Statements{URL: to.String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go s.pass(client, server)
		}
	}()
	return s
}

// pass passes on what a connection and the server say, until one of them ends.
func (s *Statements) pass(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("unix", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(client, server)
		client.Close()
	}()
	read := pgproto3.NewBackend(client, io.Discard)
	begins, err := read.ReceiveStartupMessage()
	if err != nil {
		return
	}
	if err := send(server, begins); err != nil {
		return
	}
	s.mu.Lock()
	s.connections++
	number := s.connections
	s.mu.Unlock()
	s.follow(number, read, server)
}

// follow passes on the messages of a connection that has begun.
func (s *Statements) follow(number int, read *pgproto3.Backend, server io.Writer) {
	texts, running := map[string]string{}, "" // texts of prepared statements by their name, and what is asked until the next Sync
	for {
		message, err := read.Receive()
		if err != nil {
			return
		}
		switch m := message.(type) {
		case *pgproto3.Parse:
			texts[m.Name] = m.Query
		case *pgproto3.Describe:
			if m.ObjectType == 'S' { // else of the result of what is bound, in the same round trip
				running = "prepare " + texts[m.Name]
			}
		case *pgproto3.Bind:
			running = texts[m.PreparedStatement]
		case *pgproto3.Sync:
			s.note(number, running)
		case *pgproto3.Query:
			s.note(number, m.String)
		}
		if err := send(server, message); err != nil {
			return
		}
	}
}

func send(to io.Writer, message pgproto3.FrontendMessage) error {
	encoded, err := message.Encode(nil)
	_, written := to.Write(encoded)
	return errors.Join(err, written)
}

func (s *Statements) note(connection int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, Statement{connection, strings.Join(strings.Fields(text), " ")})
}

// During returns what the server is asked while do runs, in order.
func (s *Statements) During(do func()) []Statement {
	s.mu.Lock()
	s.asked = nil
	s.mu.Unlock()
	do()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}
