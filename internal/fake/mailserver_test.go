package fake

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const invitation = "From: wallarm <console@example.com>\r\n" +
	"To: ann@example.com\r\n" +
	"Subject: =?utf-8?q?Willkommen_=E2=9C=93?=\r\n" +
	"Message-ID: <42@example.com>\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"Help: https://example.com/help. Join: https://example.com/signup/abc=\r\ndef?x=3D1.\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
	"PGI+w6k8L2I+\r\n" +
	"--b--\r\n"

func dial(t *testing.T, s *MailServer) (*smtp.Client, error) {
	t.Helper()
	config := &tls.Config{RootCAs: s.CertPool(), ServerName: "localhost"}
	var client *smtp.Client
	var err error
	switch s.options.TLS {
	case StartTLS:
		client, err = smtp.DialStartTLS(s.Addr(), config)
	case ImplicitTLS:
		client, err = smtp.DialTLS(s.Addr(), config)
	default:
		client, err = smtp.Dial(s.Addr())
	}
	if err == nil {
		t.Cleanup(func() { client.Close() })
	}
	return client, err
}

func send(t *testing.T, s *MailServer, to ...string) error {
	t.Helper()
	client, err := dial(t, s)
	if err != nil {
		return err
	}
	return client.SendMail("console@example.com", to, strings.NewReader(invitation))
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	var answer *smtp.SMTPError
	if !errors.As(err, &answer) || answer.Code != code {
		t.Errorf("got %v, want code %d", err, code)
	}
}

func TestMailIsKeptAndDecoded(t *testing.T) {
	t.Parallel()
	s := NewMailServer(t, MailOptions{})
	if want := "smtp://" + s.Addr() + "?tls=none"; s.URL() != want {
		t.Errorf("URL %s, want %s", s.URL(), want)
	}
	sent := make(chan error)
	go func() { sent <- send(t, s, "ann@example.com", "bob@example.com") }()
	m := s.Wait(t, 1)[0]
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if m.From != "console@example.com" || strings.Join(m.To, " ") != "ann@example.com bob@example.com" || string(m.Raw) != invitation {
		t.Errorf("envelope %s, %v or body changed", m.From, m.To)
	}
	if m.Subject != "Willkommen ✓" || m.MessageID != "42@example.com" || m.HTML != "<b>é</b>" || m.Header.Get("To") != "ann@example.com" {
		t.Errorf("%q, %q, %q", m.Subject, m.MessageID, m.HTML)
	}
	if got := m.Link(t, "/signup/"); got != "https://example.com/signup/abcdef?x=1" {
		t.Errorf("link %q", got)
	}
	if got := s.WaitFor(t, "BOB@example.com"); got.MessageID != m.MessageID {
		t.Errorf("another mail: %+v", got)
	}
}

func TestMailServerEncryptsAndAuthenticates(t *testing.T) {
	t.Parallel()
	for _, mode := range []MailTLS{PlainText, StartTLS, ImplicitTLS} {
		s := NewMailServer(t, MailOptions{TLS: mode, Username: "user", Password: "p@ss"})
		if want := "smtp://user:p%40ss@" + s.Addr() + "?tls=" + string(mode); s.URL() != want {
			t.Errorf("URL %s, want %s", s.URL(), want)
		}
		wantCode(t, send(t, s, "ann@example.com"), 530)
		client, err := dial(t, s)
		if err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		wantCode(t, client.Auth(sasl.NewPlainClient("", "user", "wrong")), 535)
		if err := client.Auth(sasl.NewPlainClient("", "user", "p@ss")); err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		if err := client.SendMail("a@example.com", []string{"b@example.com"}, strings.NewReader(invitation)); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func TestStartTLSServerRefusesPlainText(t *testing.T) {
	t.Parallel()
	s := NewMailServer(t, MailOptions{TLS: StartTLS})
	client, err := smtp.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	wantCode(t, client.Mail("a@example.com", nil), 530)
	if !strings.HasPrefix(string(s.CertPEM()), "-----BEGIN CERTIFICATE-----") {
		t.Error("no certificate")
	}
}

func TestMailServerRefuses(t *testing.T) {
	t.Parallel()
	s := NewMailServer(t, MailOptions{})
	s.RefuseRecipient("Bob@example.com", 550, "no such user")
	wantCode(t, send(t, s, "bob@example.com"), 550)
	if err := send(t, s, "ann@example.com"); err != nil {
		t.Error(err)
	}
	s.Refuse(451, "try later")
	wantCode(t, send(t, s, "ann@example.com"), 451)
	s.Accept()
	if err := send(t, s, "bob@example.com"); err != nil {
		t.Error(err)
	}
	if n := len(s.Messages()); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
}

func TestMailServerDiesAndComesBack(t *testing.T) {
	t.Parallel()
	s := NewMailServer(t, MailOptions{})
	address := s.Addr()
	s.SetDelay(time.Hour)
	answer := make(chan error)
	go func() { answer <- send(t, s, "ann@example.com") }()
	s.Wait(t, 1) // kept, not yet answered
	s.Close()
	if err := <-answer; err == nil {
		t.Error("a dead server answered")
	}
	if err := send(t, s, "ann@example.com"); err == nil {
		t.Error("a dead server takes mail")
	}
	s.SetDelay(0)
	s.Restart(t)
	if err := send(t, s, "ann@example.com"); err != nil || s.Addr() != address || len(s.Messages()) != 2 {
		t.Errorf("after the restart: %v, %s, %d mails", err, s.Addr(), len(s.Messages()))
	}
}

func TestSilentServerNeverGreets(t *testing.T) {
	t.Parallel()
	s := NewMailServer(t, MailOptions{Silent: true})
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
