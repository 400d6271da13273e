package fake

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
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

// MailOptions says what kind of server a MailServer is. With a Username it takes mail only after a sign-in.
type MailOptions struct {
	TLS                MailTLS
	Username, Password string
	OnlyLogin          bool // signs in by AUTH LOGIN only, not by PLAIN
	OnlyHELO           bool // knows no EHLO, and so no extension
	SevenBit           bool // takes no 8-bit data (does not offer 8BITMIME)
	NoUTF8             bool // takes no addresses beyond ASCII (does not offer SMTPUTF8)
	Silent             bool // accepts connections and never says a word
}

func (o MailOptions) mechanisms() []string {
	if o.OnlyLogin {
		return []string{"LOGIN"}
	}
	return []string{"PLAIN", "LOGIN"}
}

// Stage is a point of the conversation at which a MailServer answers.
type Stage string

// The stages, in their order.
const (
	AtGreeting  Stage = "greeting"
	AtHello     Stage = "EHLO"
	AtStartTLS  Stage = "STARTTLS"
	AtAuth      Stage = "AUTH"
	AtMail      Stage = "MAIL"
	AtRecipient Stage = "RCPT"
	AtData      Stage = "DATA"
	AtMessage   Stage = "message" // its end; it is kept unless the answer is a refusal
	AtReset     Stage = "RSET"
	AtQuit      Stage = "QUIT"
)

// Fault is what a MailServer does wrong at a stage. Silent alone hangs: nothing follows.
type Fault struct {
	At     Stage
	Answer string // instead of the usual one, such as "450 4.7.1 slow down"; empty: the usual one
	Silent bool   // there is no answer
	Close  bool   // the connection is closed afterwards
	Times  int    // how often; 0: until Accept
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
	refusal           string
	recipientRefusals map[string]string
	delay             time.Duration
	faults            []*Fault
	limit             limit
	now               func() time.Time
	connected         []time.Time
}

// limit is how many messages are taken within some time.
type limit struct {
	n     int // 0: as many as come
	per   time.Duration
	taken []time.Time
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
		recipientRefusals: map[string]string{},
		now:               time.Now,
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
	s.refusal = answerOf(code, message)
}

// RefuseRecipient answers one recipient with the SMTP error until Accept.
func (s *MailServer) RefuseRecipient(address string, code int, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recipientRefusals[strings.ToLower(address)] = answerOf(code, message)
}

// answerOf is a refusal with an enhanced code (RFC 3463), with which the message may begin.
func answerOf(code int, message string) string {
	if enhanced.MatchString(message) {
		return fmt.Sprintf("%d %s", code, message)
	}
	return fmt.Sprintf("%d %d.0.0 %s", code, code/100, message)
}

var enhanced = regexp.MustCompile(`^[245]\.\d+\.\d+ `)

// Fail has the server do something wrong. Of several faults at a stage the oldest counts.
func (s *MailServer) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// fault is what goes wrong at a stage; carried out, it is used up once.
func (s *MailServer) fault(at Stage, carriedOut bool) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *Fault) bool { return f.At == at })
	if i < 0 {
		return Fault{}
	}
	found := *s.faults[i]
	if carriedOut && found.Times > 0 {
		if s.faults[i].Times--; s.faults[i].Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
	}
	return found
}

// Limit has the server take at most n messages within some time of a clock, and answer MAIL with 450 4.7.1 beyond.
func (s *MailServer) Limit(n int, per time.Duration, now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit, s.now = limit{n: n, per: per}, now
}

// admit says whether the limit lets another message begin.
func (s *MailServer) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit.n == 0 {
		return true
	}
	now := s.now()
	s.limit.taken = slices.DeleteFunc(s.limit.taken, func(t time.Time) bool { return now.Sub(t) >= s.limit.per })
	if len(s.limit.taken) >= s.limit.n {
		return false
	}
	s.limit.taken = append(s.limit.taken, now)
	return true
}

// Connections returns when each connection was made, by the clock of Limit where there is one.
func (s *MailServer) Connections() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.connected)
}

// Talking reports whether anybody is connected.
func (s *MailServer) Talking() bool {
	s.mu.Lock()
	running := s.running
	s.mu.Unlock()
	if running == nil {
		return false
	}
	running.mu.Lock()
	defer running.mu.Unlock()
	return running.open > 0
}

// Accept ends all refusals, faults and limits.
func (s *MailServer) Accept() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal, s.faults, s.limit = "", nil, limit{}
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

func (s *MailServer) tlsConfig() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{s.certificate}, MinVersion: tls.VersionTLS12}
}

// serve talks to all who connect, until the listener is closed.
func (s *MailServer) serve(l *mailListener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.connected = append(s.connected, s.now())
		s.mu.Unlock()
		session := &mailSession{server: s, conn: conn, stopped: l.stopped}
		if s.options.TLS == ImplicitTLS {
			session.conn, session.encrypted = tls.Server(conn, s.tlsConfig()), true
		}
		go session.hold()
	}
}

// refuses returns what the recipient is to be answered, "" to accept it.
func (s *MailServer) refuses(to string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.refusal, s.recipientRefusals[strings.ToLower(to)])
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
	open  int // of conns
}

// mailConn tells its listener when it ends.
type mailConn struct {
	net.Conn
	ended func()
}

func (c *mailConn) Close() error {
	c.ended()
	return c.Conn.Close()
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
		l.open++
		return &mailConn{conn, sync.OnceFunc(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.open--
		})}, nil
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
