package notify

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"console/internal/fake"
)

func TestParseSMTP(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]SMTP{
		"smtp://mail.example":                                {Host: "mail.example", Port: 587, TLS: StartTLS},
		"smtp://mail.example?tls=tls":                        {Host: "mail.example", Port: 465, TLS: ImplicitTLS},
		"smtp://mail.example/?tls=none":                      {Host: "mail.example", Port: 25, TLS: NoTLS},
		"smtp://ann%40x:p%40ss%2Fword@mail.example:2525":     {Host: "mail.example", Port: 2525, TLS: StartTLS, Username: "ann@x", Password: "p@ss/word"},
		"smtp://ann:secret@127.0.0.1:1025?tls=none":          {Host: "127.0.0.1", Port: 1025, TLS: NoTLS, Username: "ann", Password: "secret"},
		"smtp://ann:secret@localhost?tls=none":               {Host: "localhost", Port: 25, TLS: NoTLS, Username: "ann", Password: "secret"},
		"smtp://ann:secret@[::1]:26?tls=none":                {Host: "::1", Port: 26, TLS: NoTLS, Username: "ann", Password: "secret"},
		"smtp://ann:secret@[2001:db8::25]:465?tls=tls":       {Host: "2001:db8::25", Port: 465, TLS: ImplicitTLS, Username: "ann", Password: "secret"},
		"smtp://ann:a%3Ab%23c%3Fd@mail.example:465/?tls=tls": {Host: "mail.example", Port: 465, TLS: ImplicitTLS, Username: "ann", Password: "a:b#c?d"},
		"smtp://ann:secret@127.8.8.8:25?tls=none":            {Host: "127.8.8.8", Port: 25, TLS: NoTLS, Username: "ann", Password: "secret"},
		"smtp://ann:secret@mail.example":                     {Host: "mail.example", Port: 587, TLS: StartTLS, Username: "ann", Password: "secret"},
	} {
		if got, err := ParseSMTP(raw, ""); err != nil || got != want {
			t.Errorf("%s: %s, %v", raw, got, err)
		}
	}
}

func TestFC132_ParseSMTPExplainsWhatItRefuses(t *testing.T) {
	t.Parallel()
	for raw, reason := range map[string]string{
		"":                                     "smtp://user@host:port",
		"mail.example:25":                      "smtp://user@host:port",
		"http://mail.example":                  "smtp://user@host:port",
		"smtp://":                              "smtp://user@host:port",
		"smtp://mail.example/inbox":            "smtp://user@host:port",
		"smtp://ann:secret@mail.example:port":  "smtp://user@host:port",
		"smtp://ann:se%cret@mail.example":      "percent-encode",
		"smtp://ann:secret@mail.example:0":     "from 1 to 65535",
		"smtp://ann:secret@mail.example:70000": "from 1 to 65535",
		"smtp://ann@mail.example":              "both a user name",
		"smtp://:secret@mail.example":          "both a user name",
		"smtp://ann:secret@m.example?tls=yes":  "starttls, tls or none",
		"smtp://m.example?tls=tls&tls=none":    "once",
		"smtp://m.example?skip_verify=1":       "only setting",
		"smtp://ann:secret@m.example?tls=none": "unencrypted",
	} {
		_, err := ParseSMTP(raw, "")
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", raw, err)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "se%cret") {
			t.Errorf("the error holds the password: %v", err)
		}
	}
}

func TestFC204_ThePasswordStandsBesideTheURL(t *testing.T) {
	t.Parallel()
	got, err := ParseSMTP("smtp://ann@mail.example", "p@ss:word/%")
	if want := (SMTP{Host: "mail.example", Port: 587, TLS: StartTLS, Username: "ann", Password: "p@ss:word/%"}); err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	for raw, reason := range map[string]string{
		"smtp://mail.example":               "both a user name",
		"smtp://ann:other@mail.example":     "given twice",
		"smtp://ann@mail.example?tls=none":  "unencrypted",
		"smtp://ann:@mail.example?tls=fair": "starttls, tls or none",
	} {
		if _, err := ParseSMTP(raw, "hunter2"); err == nil || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestFC133_NoWayOfPrintingShowsThePassword(t *testing.T) {
	t.Parallel()
	s, err := ParseSMTP("smtp://ann:hunter2@mail.example", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if printed := fmt.Sprintf(verb, s); strings.Contains(printed, "hunter2") {
			t.Errorf("%s prints %s", verb, printed)
		}
	}
}

// mailer sends through the server under test.
func mailer(t *testing.T, server *fake.MailServer, change ...func(*SMTP)) *SMTPMailer {
	t.Helper()
	s, err := ParseSMTP(server.URL(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.RootCAs = server.CertPool()
	for _, c := range change {
		c(&s)
	}
	return NewSMTPMailer(s, Sender{Address: "console@c.example", Name: "Wallarm", BaseURL: "https://c.example:8443/console"})
}

func sampleMail() Mail {
	return Mail{
		UUID:    uuid.NewString(),
		To:      "ann@example.com",
		Message: Message{ToName: "Ann Lee", Subject: "Subject", Text: "Text", HTML: "<p>HTML</p>"},
	}
}

func TestFC132_MailIsSentInEveryMode(t *testing.T) {
	t.Parallel()
	for _, options := range []fake.MailOptions{
		{TLS: fake.PlainText},
		{TLS: fake.PlainText, Username: "ann", Password: "hunter2"},
		{TLS: fake.StartTLS},
		{TLS: fake.StartTLS, Username: "ann", Password: "hunter2"},
		{TLS: fake.ImplicitTLS},
		{TLS: fake.ImplicitTLS, Username: "ann", Password: "hunter2"},
	} {
		server := fake.NewMailServer(t, options)
		m := sampleMail()
		if err := mailer(t, server).Send(t.Context(), m); err != nil {
			t.Errorf("%+v: %v", options, err)
			continue
		}
		got := server.WaitFor(t, m.To)
		if got.From != "console@c.example" || got.MessageID != m.UUID+"@c.example" || got.Text != "Text" || got.HTML != "<p>HTML</p>" {
			t.Errorf("%+v: got %+v", options, got)
		}
	}
}

func TestFC132_WhatTheServerLacksIsSaid(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		options fake.MailOptions
		change  func(*SMTP)
		reason  string
	}{
		{
			"no STARTTLS",
			fake.MailOptions{},
			func(s *SMTP) { s.TLS, s.Username, s.Password = StartTLS, "ann", "hunter2" },
			"the mail server offers no TLS",
		},
		{"no TLS at all", fake.MailOptions{}, func(s *SMTP) { s.TLS = ImplicitTLS }, "the server does not speak TLS on this port"},
		{"certificate", fake.MailOptions{TLS: fake.StartTLS}, func(s *SMTP) { s.RootCAs = nil }, "the server's certificate is not trusted"},
		{
			"implicit certificate",
			fake.MailOptions{TLS: fake.ImplicitTLS},
			func(s *SMTP) { s.RootCAs = nil },
			"the server's certificate is not trusted",
		},
		{
			"password",
			fake.MailOptions{TLS: fake.StartTLS, Username: "ann", Password: "hunter2"},
			func(s *SMTP) { s.Password = "wrong" },
			"the mail server refused the user name or password",
		},
		{
			"no password",
			fake.MailOptions{TLS: fake.StartTLS, Username: "ann", Password: "hunter2"},
			func(s *SMTP) { s.Username, s.Password = "", "" },
			"the mail server refused the sender (530 5.7.0)",
		},
		{
			"no sign-in",
			fake.MailOptions{TLS: fake.StartTLS},
			func(s *SMTP) { s.Username, s.Password = "ann", "hunter2" },
			"the mail server offers no sign-in",
		},
		{
			"upgrade stripped",
			fake.MailOptions{TLS: fake.StartTLS},
			func(s *SMTP) { s.TLS = NoTLS },
			"the mail server refused the sender (530 5.7.0)",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := fake.NewMailServer(t, c.options)
			err := mailer(t, server, c.change).Send(t.Context(), sampleMail())
			wantFailure(t, err, c.reason, false)
			if n := len(server.Messages()); n != 0 {
				t.Errorf("%d mails arrived", n)
			}
		})
	}
}

func wantFailure(t *testing.T, err error, reason string, permanent bool) {
	t.Helper()
	var f *Failure
	if !errors.As(err, &f) || f.Reason != reason || f.Permanent != permanent {
		t.Errorf("got %v (%+v), want %q, permanent %t", err, f, reason, permanent)
	}
}

// TestFC132_NoPasswordWithoutTLS reads what the client says to a server that offers AUTH but no STARTTLS.
func TestFC132_NoPasswordWithoutTLS(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	heard := make(chan []byte)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "220 hello\r\n")
		var all []byte
		for buf := make([]byte, 1024); ; {
			n, err := conn.Read(buf)
			all = append(all, buf[:n]...)
			if err != nil {
				heard <- all
				return
			}
			fmt.Fprint(conn, "250-hello\r\n250 AUTH PLAIN LOGIN\r\n")
		}
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	s := SMTP{Host: "127.0.0.1", Port: port, TLS: StartTLS, Username: "ann", Password: "hunter2"}
	err = NewSMTPMailer(s, Sender{BaseURL: "https://c.example"}).Send(t.Context(), sampleMail())
	wantFailure(t, err, "the mail server offers no TLS", false)
	if said := <-heard; bytes.Contains(said, []byte("AUTH")) || bytes.Contains(said, []byte("MAIL")) {
		t.Errorf("the client said %q", said)
	}
}

func TestFC132_SilentServersTimeOut(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		options fake.MailOptions
		delay   time.Duration
		change  func(*SMTP)
	}{
		{"no greeting", fake.MailOptions{Silent: true}, 0, func(*SMTP) {}},
		{"no handshake", fake.MailOptions{Silent: true}, 0, func(s *SMTP) { s.TLS = ImplicitTLS }},
		{"no answer to the message", fake.MailOptions{}, time.Minute, func(*SMTP) {}},
	}
	var all sync.WaitGroup
	for _, c := range cases {
		server := fake.NewMailServer(t, c.options)
		server.SetDelay(c.delay)
		sender := mailer(t, server, c.change)
		all.Go(func() {
			start := time.Now()
			err := sender.Send(t.Context(), sampleMail())
			if took := time.Since(start); took > 11*time.Second || err == nil || err.Error() != "timed out after 10 s" {
				t.Errorf("%s: %v after %s", c.name, err, took)
			}
		})
	}
	all.Wait()
}

func TestFC27_WhyAMailWasNotSent(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	m := mailer(t, server)
	for _, c := range []struct {
		code      int
		reason    string
		permanent bool
	}{
		{451, "the mail server refused the recipient (451 4.0.0)", false},
		{550, "the mail server refused the recipient (550 5.0.0)", true},
	} {
		server.RefuseRecipient("ann@example.com", c.code, "no <ann@example.com> here")
		wantFailure(t, m.Send(t.Context(), sampleMail()), c.reason, c.permanent)
	}
	server.Close()
	wantFailure(t, m.Send(t.Context(), sampleMail()), "connection refused", false)
}

func TestFC23_HeadersHoldAnyName(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	sender := mailer(t, server)
	for _, name := range []string{
		`Ann "The Boss" Lee`, "Lee, Ann", "Ändi Müller", "李小龙", `Eve\`, `\`, `"`, "a@b <c@d>", "Ann\r\nBcc: evil@evil.example", "x: y; z",
		strings.Repeat("Langer Name ", 20), strings.Repeat("ü", 255), "=?utf-8?q?Eve?=", "👩‍💻",
	} {
		m := sampleMail()
		m.Message.ToName = oneLine(name)
		m.Message.Subject = oneLine(name + " invites you")
		if err := sender.Send(t.Context(), m); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		mails := server.Messages()
		got := mails[len(mails)-1]
		to, err := mail.ParseAddressList(got.Header.Get("To"))
		if err != nil || len(to) != 1 || to[0].Address != "ann@example.com" || to[0].Name != oneLine(name) {
			t.Errorf("%q: To is %q: %v, %v", name, got.Header.Get("To"), to, err)
		}
		if got.Subject != strings.ReplaceAll(oneLine(name+" invites you"), "=?", "= ?") {
			t.Errorf("%q: subject %q", name, got.Subject)
		}
		if len(got.To) != 1 || got.Header.Get("Bcc") != "" {
			t.Errorf("%q: sent to %v, Bcc %q", name, got.To, got.Header.Get("Bcc"))
		}
	}
}

func TestMailHeader(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	m := sampleMail()
	if err := mailer(t, server).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	header := server.Messages()[0].Header
	for name, want := range map[string]string{
		"From":           `"Wallarm" <console@c.example>`,
		"To":             `"Ann Lee" <ann@example.com>`,
		"Message-Id":     "<" + m.UUID + "@c.example>",
		"Auto-Submitted": "auto-generated",
		"User-Agent":     "",
		"X-Mailer":       "",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if _, err := header.Date(); err != nil {
		t.Errorf("Date: %v", err)
	}
}

func TestSenderOfAnAddress(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://c.example:8443/x": "no-reply@c.example",
		"http://127.0.0.1:8080":    "no-reply@[127.0.0.1]",
		"http://[::1]:8080":        "no-reply@[IPv6:::1]",
		"":                         "no-reply@localhost",
	} {
		if got := (Sender{BaseURL: base}).from().Address; got != want {
			t.Errorf("%q: %s, want %s", base, got, want)
		}
	}
}
