package notify

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"console/internal/auth"
	"console/internal/fake"
	"console/store"
)

func TestFC162_AddressesBeyondASCIINeedAServerThatTakesThem(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"o’brien@example.com", "аnn@example.com"} {
		for _, lacking := range []bool{false, true} {
			server := fake.NewMailServer(t, fake.MailOptions{NoUTF8: lacking})
			m := sampleMail()
			m.To = address
			err := mailer(t, server).Send(t.Context(), m)
			if lacking {
				wantFailure(t, err, "the mail server takes no addresses with letters beyond ASCII before the @", true)
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", address, err)
				continue
			}
			if got := server.WaitFor(t, address); len(got.To) != 1 {
				t.Errorf("%s: sent to %q", address, got.To)
			}
		}
	}
}

func TestFC164_MailServersOfEveryKindAreSpokenTo(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]fake.MailOptions{
		"LOGIN only":          {TLS: fake.StartTLS, Username: "ann", Password: "hunter2", OnlyLogin: true},
		"LOGIN without TLS":   {Username: "ann", Password: "hunter2", OnlyLogin: true},
		"HELO only":           {OnlyHELO: true},
		"no 8BITMIME":         {SevenBit: true},
		"percent-encoded":     {TLS: fake.ImplicitTLS, Username: "ann@x.example", Password: "p@ss/w:rd?#% ü"},
		"nothing but RFC 821": {OnlyHELO: true, SevenBit: true, NoUTF8: true},
	} {
		server := fake.NewMailServer(t, options)
		m := sampleMail()
		m.Message.ToName, m.Message.Text, m.Message.HTML = "Ändi Müller", "Zoë – 李小龙", "<p>Zoë – 李小龙</p>"
		if err := mailer(t, server).Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := server.WaitFor(t, m.To); got.Text != m.Message.Text || got.HTML != m.Message.HTML {
			t.Errorf("%s: %q, %q", name, got.Text, got.HTML)
		}
	}
}

// TestFC164_AMailThatWasTakenIsSentOnce has servers hang up once they have taken it.
func TestFC164_AMailThatWasTakenIsSentOnce(t *testing.T) {
	t.Parallel()
	for _, fault := range []fake.Fault{
		{At: fake.AtMessage, Close: true},
		{At: fake.AtReset, Close: true, Silent: true},
		{At: fake.AtReset, Answer: "421 4.4.2 Closing", Close: true},
		{At: fake.AtQuit, Close: true, Silent: true},
		{At: fake.AtQuit, Answer: "500 5.5.1 What?"},
	} {
		server := fake.NewMailServer(t, fake.MailOptions{})
		server.Fail(fault)
		if err := mailer(t, server).Send(t.Context(), sampleMail()); err != nil {
			t.Errorf("%+v: %v", fault, err)
		}
		if n := len(server.Messages()); n != 1 {
			t.Errorf("%+v: %d mails", fault, n)
		}
	}
}

func TestFC164_GreylistedThreeTimesAMailArrives(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	server.Fail(fake.Fault{At: fake.AtRecipient, Answer: "451 4.7.1 Greylisted, please come back", Times: 3})
	h := newHouse(t, func(o *Options) { o.Mail = mailer(t, server) })
	d := h.queueInvitation("token")
	h.start()
	for n, pause := range pauses[:3] {
		h.wait(d, func(d store.Delivery) bool {
			return d.Attempts == n+1 && d.Error != "" && d.NextAt == store.At(h.clock.Now()).Add(pause)
		})
		h.pass(pause)
	}
	if got := h.wait(d, delivered); got.Attempts != 4 || len(server.Messages()) != 1 {
		t.Errorf("%d attempts, %d mails", got.Attempts, len(server.Messages()))
	}
}

// TestFC164_ALiarIsNotBelieved has a server take the recipient and then refuse the message.
func TestFC164_ALiarIsNotBelieved(t *testing.T) {
	t.Parallel()
	server := fake.NewMailServer(t, fake.MailOptions{})
	server.Fail(fake.Fault{At: fake.AtData, Answer: "554 5.5.1 No valid recipients"})
	err := mailer(t, server).Send(t.Context(), sampleMail())
	wantFailure(t, err, "the mail server refused the message (554 5.5.1)", true)
	if n := len(server.Messages()); n != 0 {
		t.Errorf("%d mails", n)
	}
}

// otherProcess has TestFC165 send a mail to this server and do nothing else.
const otherProcess = "CONSOLE_TEST_SMTP"

// TestFC165_TheAuthorityOfACompanyCanBeNamed runs itself as another process too: the authorities of the system are read once.
func TestFC165_TheAuthorityOfACompanyCanBeNamed(t *testing.T) {
	t.Parallel()
	if url := os.Getenv(otherProcess); url != "" {
		s, err := ParseSMTP(url, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := NewSMTPMailer(s, Sender{BaseURL: "https://c.example"}).Send(t.Context(), sampleMail()); err != nil {
			t.Fatal(err)
		}
		return
	}
	server := fake.NewMailServer(t, fake.MailOptions{TLS: fake.StartTLS})
	authority := filepath.Join(t.TempDir(), "company.pem")
	if err := os.WriteFile(authority, server.CertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for mails, named := range []string{"", authority} {
		again := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$")
		again.Env = append(os.Environ(), otherProcess+"="+server.URL(), "SSL_CERT_FILE="+named)
		said, err := again.CombinedOutput()
		if (err == nil) != (mails == 1) || len(server.Messages()) != mails {
			t.Errorf("named %q: %v, %d mails: %s", named, err, len(server.Messages()), said)
		}
		if mails == 0 && !bytes.Contains(said, []byte("the server's certificate is not trusted")) {
			t.Errorf("without it: %s", said)
		}
	}
}

// TestFC163_LinksStandAlone reads the links of many invitations as mail programs do.
func TestFC163_LinksStandAlone(t *testing.T) {
	t.Parallel()
	const fits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	server := fake.NewMailServer(t, fake.MailOptions{})
	sender := mailer(t, server)
	for range 400 {
		token := auth.NewToken()
		if !strings.Contains(fits, token[len(token)-1:]) {
			t.Fatalf("a token ends in %q", token)
		}
		message := written(t, Site{Brand: "Wallarm", BaseURL: "https://console.a-long-name-of-a-company.example.com/console"},
			TemplateInvitation, sampleInvitation(), token)
		link := "https://console.a-long-name-of-a-company.example.com/console/signup/" + token
		if !strings.Contains(message.Text, "\n\n"+link+"\n\n") {
			t.Fatalf("the link does not stand alone:\n%s", message.Text)
		}
		if n := strings.Count(message.HTML, `href="`+link+`"`); n == 0 || strings.ContainsAny(link, "?&=") {
			t.Fatalf("the link %s is there %d times", link, n)
		}
	}
	m := sampleMail()
	m.Message = written(t, site, TemplateInvitation, sampleInvitation(), auth.NewToken())
	if err := sender.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for n, line := range bytes.Split(server.Messages()[0].Raw, []byte("\r\n")) {
		if len(line) > 78 {
			t.Errorf("line %d has %d characters: %s", n+1, len(line), line)
		}
	}
	if got := server.Messages()[0]; strings.TrimRight(got.Text, "\n") != strings.TrimRight(m.Message.Text, "\n") {
		t.Errorf("decoded, the text is\n%s\nnot\n%s", got.Text, m.Message.Text)
	}
}
