package fake

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// MailTLS is how a MailServer encrypts. Its value is the tls parameter of the server's URL.
type MailTLS string

// StartTLS refuses mail before the upgrade (RFC 3207), ImplicitTLS encrypts from the first byte (RFC 8314). The zero
// value is the same as PlainText.
const (
	PlainText   MailTLS = "none"
	StartTLS    MailTLS = "starttls"
	ImplicitTLS MailTLS = "tls"
)

// MailOptions says what kind of server a MailServer is. With a Username it takes mail only after AUTH PLAIN.
type MailOptions struct {
	TLS                MailTLS
	Username, Password string
	Silent             bool // accepts connections and never says a word
}

// MailServer is an SMTP server on 127.0.0.1 that keeps what it is sent. It ends with the test. All methods are safe
// for concurrent use.
type MailServer struct {
	options     MailOptions
	certificate tls.Certificate
	address     string
	mails       inbox[Mail]

	mu                sync.Mutex
	running           *mailListener // nil while closed
	refusal           *smtp.SMTPError
	recipientRefusals map[string]*smtp.SMTPError
	delay             time.Duration
}

// NewMailServer starts a server on a free port.
func NewMailServer(t testing.TB, options MailOptions) *MailServer {
	t.Helper()
	if options.TLS == "" {
		options.TLS = PlainText
	}
	s := &MailServer{
		options:           options,
		certificate:       newCertificate(t),
		address:           "127.0.0.1:0",
		recipientRefusals: map[string]*smtp.SMTPError{},
	}
	s.Restart(t)
	t.Cleanup(s.Close)
	return s
}

// Addr returns host and port; they stay the same after Restart.
func (s *MailServer) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// URL returns "smtp://user:password@127.0.0.1:port?tls=none", or starttls or tls; without a Username there is no user
// part.
func (s *MailServer) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.Addr(), RawQuery: "tls=" + string(s.options.TLS)}
	if s.options.Username != "" {
		u.User = url.UserPassword(s.options.Username, s.options.Password)
	}
	return u.String()
}

// CertPEM returns the server's certificate, which is its own authority.
func (s *MailServer) CertPEM() []byte { return certificatePEM(s.certificate) }

// CertPool returns a pool that trusts the server's certificate only.
func (s *MailServer) CertPool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.certificate.Leaf)
	return pool
}

// Messages returns the mails that arrived so far, in order.
func (s *MailServer) Messages() []Mail {
	mails, _ := s.mails.all()
	return mails
}

// Wait returns all mails as soon as there are at least n, and ends the test when that takes more than 15 seconds.
func (s *MailServer) Wait(t testing.TB, n int) []Mail {
	t.Helper()
	return s.mails.await(t, fmt.Sprintf("%d mails", n), func(mails []Mail) bool { return len(mails) >= n })
}

// WaitFor returns the newest mail to the address as soon as there is one, and ends the test when that takes more than
// 15 seconds.
func (s *MailServer) WaitFor(t testing.TB, to string) Mail {
	t.Helper()
	var newest Mail
	s.mails.await(t, "a mail to "+to, func(mails []Mail) bool {
		for _, m := range slices.Backward(mails) {
			if slices.ContainsFunc(m.To, func(address string) bool { return strings.EqualFold(address, to) }) {
				newest = m
				return true
			}
		}
		return false
	})
	return newest
}

// Refuse answers every recipient with the SMTP error (such as 451 or 550) until Accept.
func (s *MailServer) Refuse(code int, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = &smtp.SMTPError{Code: code, Message: message}
}

// RefuseRecipient answers one recipient with the SMTP error until Accept.
func (s *MailServer) RefuseRecipient(address string, code int, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recipientRefusals[strings.ToLower(address)] = &smtp.SMTPError{Code: code, Message: message}
}

// Accept ends all refusals.
func (s *MailServer) Accept() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = nil
	clear(s.recipientRefusals)
}

// SetDelay makes the server wait before it answers DATA. The mail is kept before the wait: a client that gives up in
// the meantime has sent it all the same (RFC 5321 §4.5.3.2.6).
func (s *MailServer) SetDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Close cuts all connections and refuses new ones, as a dead server does. The mails stay.
func (s *MailServer) Close() {
	s.mu.Lock()
	running := s.running
	s.running = nil
	s.mu.Unlock()
	if running != nil {
		running.stop()
	}
}

// Restart opens a closed server again on the same port.
func (s *MailServer) Restart(t testing.TB) {
	t.Helper()
	s.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	tcp, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatalf("start the mail server: %v", err)
	}
	s.address = tcp.Addr().String()
	s.running = &mailListener{Listener: tcp, stopped: make(chan struct{})}
	if s.options.Silent {
		go s.running.acceptOnly()
		return
	}
	go s.serve(s.running)
}

func (s *MailServer) serve(l *mailListener) {
	config := &tls.Config{Certificates: []tls.Certificate{s.certificate}, MinVersion: tls.VersionTLS12}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &mailSession{server: s, conn: c, stopped: l.stopped}, nil
	}))
	server.Domain = "localhost"
	server.ErrorLog = log.New(io.Discard, "", 0) // broken connections are what tests provoke
	server.EnableSMTPUTF8 = true
	server.AllowInsecureAuth = s.options.TLS == PlainText
	listener := net.Listener(l)
	switch s.options.TLS {
	case StartTLS:
		server.TLSConfig = config
	case ImplicitTLS:
		listener = tls.NewListener(l, config)
	}
	_ = server.Serve(listener) // ends when the listener is closed, with nothing but that to say
}

// refuses returns what the recipient is to be answered, nil to accept it.
func (s *MailServer) refuses(to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusal != nil {
		return s.refusal
	}
	if refusal, found := s.recipientRefusals[strings.ToLower(to)]; found {
		return refusal
	}
	return nil
}

func (s *MailServer) answerDelay() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.delay
}

// mailListener remembers its connections, so that stop can cut them.
type mailListener struct {
	net.Listener
	stopped chan struct{} // closed by stop

	mu    sync.Mutex
	conns []net.Conn
}

func (l *mailListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.stopped:
		_ = conn.Close()
		return nil, net.ErrClosed
	default:
		l.conns = append(l.conns, conn)
		return conn, nil
	}
}

func (l *mailListener) acceptOnly() {
	for {
		if _, err := l.Accept(); err != nil {
			return
		}
	}
}

func (l *mailListener) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.Close() // nothing is lost: whoever still talks to it is meant to see the connection break
	for _, conn := range l.conns {
		_ = conn.Close()
	}
	close(l.stopped) // last: a delayed answer must not slip out
}

// mailSession is one connection's conversation.
type mailSession struct {
	server  *MailServer
	conn    *smtp.Conn
	stopped <-chan struct{}

	authenticated bool
	from          string
	to            []string
}

// AuthMechanisms makes a mailSession an smtp.AuthSession.
func (s *mailSession) AuthMechanisms() []string {
	if s.server.options.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth makes a mailSession an smtp.AuthSession.
func (s *mailSession) Auth(mechanism string) (sasl.Server, error) {
	if !slices.Contains(s.AuthMechanisms(), mechanism) {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return sasl.NewPlainServer(func(_, username, password string) error {
		want := s.server.options
		if username != want.Username || password != want.Password {
			return smtp.ErrAuthFailed
		}
		s.authenticated = true
		return nil
	}), nil
}

// Mail starts a message, after the upgrade and the authentication that the server asks for.
func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if _, encrypted := s.conn.TLSConnectionState(); s.server.options.TLS != PlainText && !encrypted {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Must issue a STARTTLS command first"} // RFC 3207 §4
	}
	if s.server.options.Username != "" && !s.authenticated {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"} // RFC 4954 §6
	}
	s.from = from
	return nil
}

// Rcpt adds a recipient unless it is to be refused.
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.server.refuses(to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data keeps the message, then waits as long as SetDelay says. A message that is no valid MIME is refused.
func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := parseMail(s.from, s.to, raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	s.server.mails.add(m)
	select {
	case <-time.After(s.server.answerDelay()):
	case <-s.stopped:
	}
	return nil
}

// Reset forgets the message begun.
func (s *mailSession) Reset() { s.from, s.to = "", nil }

// Logout has nothing to free.
func (s *mailSession) Logout() error { return nil }
