package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// TLSMode is how the connection to the mail server is encrypted.
type TLSMode string

// StartTLS demands the upgrade of RFC 3207 and sends nothing without it; ImplicitTLS encrypts from the first byte (RFC
// 8314); NoTLS never encrypts.
const (
	StartTLS    TLSMode = "starttls"
	ImplicitTLS TLSMode = "tls"
	NoTLS       TLSMode = "none"
)

var defaultPorts = map[TLSMode]int{StartTLS: 587, ImplicitTLS: 465, NoTLS: 25}

// SMTP is a mail server.
type SMTP struct {
	Host               string
	Port               int
	TLS                TLSMode
	Username, Password string         // empty: no authentication
	RootCAs            *x509.CertPool // nil: those of the system
}

// String returns the server's URL without user name and password.
func (s SMTP) String() string {
	server := url.URL{Scheme: "smtp", Host: net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), RawQuery: "tls=" + string(s.TLS)}
	return server.String()
}

// GoString is String: no way of printing shows the password.
func (s SMTP) GoString() string { return s.String() }

// loopback reports whether the server is this machine, so that what is sent to it stays here.
func (s SMTP) loopback() bool {
	addr, err := netip.ParseAddr(s.Host)
	return s.Host == "localhost" || err == nil && addr.IsLoopback()
}

// ParseSMTP reads smtp://user@host:port?tls=starttls|tls|none and, unless it is empty, the password that belongs to the user; the
// URL may hold it too. Without tls it is starttls, without a port 587, 465 or 25. A password for another machine is refused
// with tls=none. No error repeats the URL.
func ParseSMTP(raw, password string) (SMTP, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "smtp" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return SMTP{}, errors.New(
			"the mail server must be given as smtp://user@host:port?tls=starttls, its password with --smtp-password-file; " +
				"percent-encode special characters of the user name",
		)
	}
	s := SMTP{Host: u.Hostname(), TLS: StartTLS, Username: u.User.Username()}
	s.Password, _ = u.User.Password()
	if password != "" {
		if s.Password != "" {
			return SMTP{}, errors.New("the password is given twice: take it out of the URL of the mail server")
		}
		s.Password = password
	}
	if (s.Username == "") != (s.Password == "") {
		return SMTP{}, errors.New("the mail server needs both a user name, in its URL, and a password, in the file of --smtp-password-file, " +
			"or neither")
	}
	if err := s.setMode(u.Query()); err != nil {
		return SMTP{}, err
	}
	if err := s.setPort(u.Port()); err != nil {
		return SMTP{}, err
	}
	if s.TLS == NoTLS && s.Password != "" && !s.loopback() {
		return SMTP{}, errors.New("with tls=none the password would cross the network unencrypted: use tls=starttls or tls=tls")
	}
	return s, nil
}

func (s *SMTP) setMode(query url.Values) error {
	for name, values := range query {
		if name != "tls" || len(values) != 1 {
			return errors.New("the only setting in the URL of the mail server is tls, once")
		}
		s.TLS = TLSMode(values[0])
	}
	if _, known := defaultPorts[s.TLS]; !known {
		return errors.New("tls must be starttls, tls or none")
	}
	return nil
}

func (s *SMTP) setPort(port string) error {
	if port == "" {
		s.Port = defaultPorts[s.TLS]
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return errors.New("the port of the mail server must be a number from 1 to 65535")
	}
	s.Port = int(n)
	return nil
}

// SMTPMailer sends mails through a mail server, each over a connection of its own.
type SMTPMailer struct {
	server SMTP
	sender Sender
	meets  func(tls.ConnectionState) error // called with each encrypted connection; nil: nobody wants to know
}

// NewSMTPMailer returns a mailer for the server. Nothing is sent before the first mail.
func NewSMTPMailer(server SMTP, sender Sender) *SMTPMailer {
	return &SMTPMailer{server: server, sender: sender}
}

// Send returns nil when the server has taken the mail. It takes at most ten seconds, also with a server that never says
// a word. The error is a *Failure; it is permanent when the server refuses the recipient or the message for good.
func (s *SMTPMailer) Send(ctx context.Context, m Mail) error {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel() // also closes the connection
	client, conn, err := s.signIn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.CloseWithSMTPClient(conn) }() // a lost goodbye must not send the mail twice
	if utf8, _ := conn.Extension("SMTPUTF8"); !utf8 && !ascii(m.To) {
		return &Failure{Reason: "the mail server takes no addresses with letters beyond ASCII before the @", Permanent: true}
	}
	msg := s.sender.compose(m)
	err = client.SendWithSMTPClient(conn, msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	return mailFailure(ctx, err)
}

// Check connects to the server and signs in as for a mail, and sends none. It returns the certificate of the server, nil without TLS.
// It takes at most ten seconds; the error is a *Failure.
func (s *SMTPMailer) Check(ctx context.Context) (certificate *x509.Certificate, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	watched := SMTPMailer{s.server, s.sender, func(met tls.ConnectionState) error {
		certificate = met.PeerCertificates[0]
		return nil
	}}
	client, conn, err := watched.signIn(ctx)
	if err != nil {
		return certificate, err
	}
	_ = client.CloseWithSMTPClient(conn) // a lost goodbye harms nobody
	return certificate, nil
}

// signIn connects until mails can be sent. The error is a *Failure.
func (s *SMTPMailer) signIn(ctx context.Context) (*gomail.Client, *smtp.Client, error) {
	client, err := gomail.NewClient(s.server.Host, s.options(ctx)...)
	if err != nil {
		return nil, nil, &Failure{Reason: "the settings of the mail server are not valid", Holds: true}
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, nil, mailFailure(ctx, err)
	}
	return client, conn, nil
}

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

func (s *SMTPMailer) options(ctx context.Context) []gomail.Option {
	policy := gomail.NoTLS
	if s.server.TLS == StartTLS {
		policy = gomail.TLSMandatory
	}
	options := []gomail.Option{
		gomail.WithPort(s.server.Port),
		gomail.WithTimeout(2 * sendLimit), // the context ends first: an error of the library does not say that time has run out
		gomail.WithHELO(s.sender.domain()),
		gomail.WithTLSPolicy(policy),
		gomail.WithTLSConfig(s.tlsConfig()),
		gomail.WithDialContextFunc(func(_ context.Context, network, address string) (net.Conn, error) {
			return s.dial(ctx, network, address) // the library's context ends with the greeting
		}),
	}
	if s.server.Username == "" {
		return options
	}
	methods := []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
	if s.server.TLS == NoTLS { // this machine only, see ParseSMTP
		methods = []gomail.SMTPAuthType{gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc}
	}
	return append(options, gomail.WithOpportunisticSMTPAuth(methods...),
		gomail.WithUsername(s.server.Username), gomail.WithPassword(s.server.Password))
}

func (s *SMTPMailer) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.server.Host, RootCAs: s.server.RootCAs, MinVersion: tls.VersionTLS12,
		VerifyConnection: s.meets}
}

// dial connects, and closes the connection when ctx ends: while it talks, the library does not listen to a context.
func (s *SMTPMailer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() }) // whoever talks on it learns it
	if s.server.TLS != ImplicitTLS {
		return conn, nil
	}
	encrypted := tls.Client(conn, s.tlsConfig())
	return encrypted, encrypted.HandshakeContext(ctx)
}

// stages say what the server refused, and whether a refusal with a 5xx code is final: one of the sender or the password
// is cured by setting up the mail server.
var stages = map[gomail.SendErrReason]struct {
	refused string
	final   bool
}{
	gomail.ErrSMTPMailFrom:  {"the mail server refused the sender", false},
	gomail.ErrSMTPRcptTo:    {"the mail server refused the recipient", true},
	gomail.ErrSMTPData:      {"the mail server refused the message", true},
	gomail.ErrSMTPDataClose: {"the mail server refused the message", true},
}

// unsupported says what a server lacks, by a part of the library's error, which has no type.
var unsupported = []struct{ part, reason string }{
	{"does not support STARTTLS", "the mail server offers no TLS"},
	{"does not support SMTP AUTH", "the mail server offers no sign-in"},
	{"supported authentication mechanism", "the mail server offers no known way to sign in"},
	{"SMTP AUTH failed", "the mail server refused the user name or password"},
}

// ofServer finds temporary answers that are about the server wherever they are given: it closes (421), takes no messages
// (4.3.2), has had too many (4.5.3), or has a rule about who may send how much (4.7.x). The library quotes what follows the code.
var ofServer = regexp.MustCompile(`: (421\b|4\d\d "4\.(3\.2|5\.3|7\.\d+)\b)`)

// greylisting finds the one such rule that is about a recipient: the mail is taken when it comes again.
var greylisting = regexp.MustCompile(`(?i)gr[ea]y.?list`)

// aboutServer says whether err is about the server, and not about the message or its recipient. Before a message began,
// everything is: the greeting, the sign-in.
func aboutServer(err error) bool {
	refusal := (*gomail.SendError)(nil)
	if !errors.As(err, &refusal) {
		return true
	}
	switch refusal.Reason {
	case gomail.ErrConnCheck:
		return true
	case gomail.ErrSMTPMailFrom:
		return refusal.ErrorCode() != tooLarge
	}
	return ofServer.MatchString(refusal.Error()) && !greylisting.MatchString(refusal.Error())
}

// tooLarge is the one answer to a sender that is about the message.
const tooLarge = 552

// mailFailure describes err by codes only: texts of mail servers repeat addresses.
func mailFailure(ctx context.Context, err error) *Failure {
	f := mailReason(err)
	if ctx.Err() != nil {
		f = connectionFailure(ctx.Err())
	}
	f.Holds = !f.Permanent && aboutServer(err)
	return f
}

func mailReason(err error) *Failure {
	if refusal := (*gomail.SendError)(nil); errors.As(err, &refusal) && refusal.ErrorCode() != 0 {
		stage, known := stages[refusal.Reason]
		if !known {
			stage.refused = "the mail server failed"
		}
		code := strings.TrimSpace(fmt.Sprintf("%d %s", refusal.ErrorCode(), refusal.EnhancedStatusCode()))
		return &Failure{
			Reason:    stage.refused + " (" + code + ")",
			Status:    refusal.ErrorCode(),
			Permanent: stage.final && refusal.ErrorCode() >= 500 || refusal.ErrorCode() == tooLarge,
		}
	}
	for _, known := range unsupported {
		if strings.Contains(err.Error(), known.part) {
			return &Failure{Reason: known.reason}
		}
	}
	if reply := (*textproto.Error)(nil); errors.As(err, &reply) {
		return &Failure{Reason: fmt.Sprintf("the mail server answered %d", reply.Code), Status: reply.Code}
	}
	return connectionFailure(err)
}
