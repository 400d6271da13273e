package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/crypto/acme"

	"console/handlers"
	"console/handlers/api"
	"console/handlers/wallarm"
	"console/internal/account"
	"console/internal/auth"
	"console/internal/notify"
	"console/store"
)

// How long a stop takes at most, each counted from its beginning: until the requests under way are answered, until what goes on beside them
// has ended, and until the audit log and the head of the activity log are written. What is not done by then is cut off, which loses
// no more than a crash does: whoever stops a program waits half a minute at most before killing it.
const (
	stopRequests = 15 * time.Second
	stopWork     = 21 * time.Second
	stopAll      = 24 * time.Second
)

// garbagePercent is by how much the memory may grow before it is collected (GOGC says otherwise). Most of it is the people of the list,
// which stay and hold few pointers, so collecting is cheap: at 1,000,000 people a server takes 80 MB less than with the usual 100.
const garbagePercent = 50

// strongSuites are those of TLS 1.2 with forward secrecy whose encryption vouches for what it encrypts (ASVS 12.1.2); Go would take
// CBC too. Those of TLS 1.3 are all of that kind, and not chosen.
var strongSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// databasePatience is for how long a start waits for a database of PostgreSQL that does not answer yet.
const databasePatience = time.Minute

// Serve is how the console is to be served.
type Serve struct {
	Installation
	Listen           string   `default:"localhost:8080" help:"Address to listen on."`
	BaseURL          string   `help:"Address under which people reach the console. Default: http:// (https:// with --tls-cert) and the listen address."`
	SMTP             string   `help:"Mail server, smtp://user@host:port?tls=starttls|tls|none. Without it, mails are kept as files in the data directory."`
	SMTPPasswordFile string   `help:"File of the password for the mail server."`
	MailFrom         string   `help:"Sender of mails, as in no-reply@example.com or Acme Console <no-reply@example.com>. Default: no-reply@ and the host of the base URL."`
	TLSCert          string   `help:"Certificate file (PEM) to serve https with."`
	TLSKey           string   `help:"Its private key (PEM)."`
	ACMEHost         string   `name:"acme-host" help:"Host name to serve https under with a certificate from a certificate authority, which is obtained and renewed by itself (ACME). It means that you accept the terms of the authority."`
	ACMEDirectory    string   `name:"acme-directory" default:"https://acme-v02.api.letsencrypt.org/directory" help:"Directory URL of that authority."`
	TrustedProxies   Networks `help:"Addresses or networks (CIDR) of the reverse proxies whose X-Forwarded-For and X-Forwarded-Proto count."`
	HSTS             string   `name:"hsts" default:"auto" enum:"auto,subdomains,host,off" help:"What browsers may reach with https only from then on: host, subdomains (also the names below it), off (nothing is said), or auto: subdomains, but host where the base URL has a path."`
	LogFormat        string   `default:"text" enum:"text,json" help:"Format of the log: text or json."`

	MetricsListen string `help:"Address of this machine, such as localhost:9090, at which /metrics (Prometheus) and /debug/pprof/ answer whoever is on it. Default: nowhere."`

	AuditLog string `help:"File to which every activity entry is written as a line of JSON, or stdout. See docs/audit.md."`

	Now      func() time.Time `kong:"-"` // what is decided by; the clock of the database when nil
	Stdout   io.Writer        `kong:"-"` // standard output, for --audit-log stdout; os.Stdout when nil
	Vendors  string           `kong:"-"` // scheme and host that stand for the vendors' APIs, see notify.Options
	Listener net.Listener     `kong:"-"` // where to answer instead of opening Listen
	Limits   Limits           `kong:"-"` // of connections; the usual ones when zero
}

// Server is a console that is being served.
type Server struct {
	URL       *url.URL // where people reach it
	MetricsAt string   // address of /metrics; empty: nowhere
	SetupCode string   // guards the first run; empty: there is an account
	DB        *store.DB
	Worker    *notify.Worker
	Account   *account.Service

	http       *http.Server
	https      certificates // nil: a proxy has them, or nobody
	ended      chan error   // what Serve of http returned
	stop       context.CancelFunc
	background sync.WaitGroup
	audit      *auditLog // nil: none is asked for
	metrics    *metricsServer
	log        *slog.Logger
}

// Run serves until ctx is done, then finishes the requests and deliveries under way.
func (s Serve) Run(ctx context.Context, io stdio) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	s.Stdout = io.out
	server, err := s.Start(ctx, io.err)
	if err != nil {
		return err
	}
	server.tellSystemd(daemon.SdNotifyReady)
	select {
	case err = <-server.ended:
	case <-ctx.Done():
	}
	server.tellSystemd(daemon.SdNotifyStopping)
	return errors.Join(err, server.Close())
}

// tellSystemd tells whoever has started the console how it is, where that is asked for (sd_notify(3)).
func (s *Server) tellSystemd(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("systemd cannot be told how the console is", "state", state, "error", err)
	}
}

// Start opens the installation and begins to answer requests and to send what waits. Log lines, and the set-up link
// while there is no account, go to w. The server runs until Close.
func (s Serve) Start(ctx context.Context, w io.Writer) (*Server, error) {
	if s.Stdout == nil {
		s.Stdout = os.Stdout
	}
	if s.Listener == nil {
		if err := s.listen(); err != nil {
			return nil, err
		}
	}
	server, err := s.assemble(ctx, w)
	if err != nil {
		return nil, errors.Join(err, s.Listener.Close())
	}
	return server, nil
}

func (s Serve) assemble(ctx context.Context, w io.Writer) (*Server, error) {
	base, err := s.baseURL()
	if err != nil {
		return nil, err
	}
	mailer, mailbox, mailServer, err := s.mailer(base)
	if err != nil {
		return nil, err
	}
	log := newLogger(s.LogFormat, w)
	https, err := s.certificates(log)
	if err != nil {
		return nil, err
	}
	if err := s.checkMetricsListen(); err != nil {
		return nil, err
	}
	warnIfOpen("the password for the mail server", s.SMTPPasswordFile, log)
	err = store.Await(ctx, s.database(), databasePatience, func(err error) {
		log.Warn("the database does not answer yet", "waiting", databasePatience.String(), "error", err)
	})
	if err != nil {
		return nil, err
	}
	o, err := s.open(ctx, log)
	if err != nil {
		return nil, err
	}
	if s.Now == nil {
		s.Now = o.now
	}
	o.now = s.Now
	o.db.TellWrites(o.metrics.Write)
	server := &Server{URL: base, DB: o.db, https: https, ended: make(chan error, 1), log: log}
	server.Worker = notify.NewWorker(notify.Options{DB: o.db, Key: o.key, Mail: mailer, Guard: o.guard, Brand: s.Brand, BaseURL: base.String(),
		Now: s.Now, Log: server.log, Vendors: s.Vendors, Attempted: o.attempted})
	service := o.service(server.Worker.Wake, server.Worker.Send, server.log, base)
	server.Worker.SwitchOff, server.Account = service.SwitchOff, service
	setUp, err := service.IsSetUp(ctx)
	if err == nil && !setUp {
		server.SetupCode, err = service.SetupCode(ctx)
	}
	if account.RefusedBy(err, account.AlreadySetUp) { // by another process, in this moment
		setUp, err = true, nil
	}
	if err != nil {
		return nil, o.closeWith(err)
	}
	if s.AuditLog != "" {
		if server.audit, err = s.openAuditLog(service, log); err != nil {
			return nil, o.closeWith(fmt.Errorf("--audit-log: %w", err))
		}
		o.db.TellCommitted(server.audit.Wake)
	}
	pages := handlers.New(handlers.Options{
		Account: service, Brand: s.Brand, BaseURL: base, TrustedProxies: s.TrustedProxies, HSTS: s.hsts(base),
		FormSecret: o.key.Derive(auth.FormTokens), FlashSecret: o.key.Derive(auth.FlashMessages), Probe: handlers.NewProbe(o.key),
		Mailbox: mailbox, MailServer: mailServer, Ready: server.readiness(o.clock), Now: s.Now, Log: server.log, Observe: o.observe,
	})
	own := api.New(base, s.Brand, handlers.ActivityExport{Account: service, Now: s.Now, Log: server.log})
	if server.metrics, err = s.serveMetrics(o, service, server.CertificateEnd, log); err != nil {
		return nil, o.closeWith(err)
	}
	server.MetricsAt = server.metrics.address()
	limits := s.Limits.orUsual()
	server.http = limits.server(pages.Handler(pages.Routes(), wallarm.New(service, base.String()).Programs(), own.Programs()))
	server.http.ErrorLog = slog.NewLogLogger(server.log.Handler(), slog.LevelDebug)
	listener := newBoundedListener(s.Listener, limits.Connections, s.TrustedProxies, log)
	server.beginBackground(o.clock)
	go func() { server.ended <- server.answer(listener) }()
	server.log.Info("serving", "listen", s.Listener.Addr().String(), "base_url", base.String(),
		"mail", cmp.Or(mailServer, "kept as files (trial mode)"), "metrics", cmp.Or(server.MetricsAt, "nowhere"))
	if !setUp {
		s.showSetUpLink(server, w)
	}
	return server, nil
}

// showSetUpLink tells whoever starts the server where to begin: in the log where programs read it, else below it.
func (s Serve) showSetUpLink(server *Server, w io.Writer) {
	link := fmt.Sprintf("%s?code=%s", server.URL.JoinPath("setup"), server.SetupCode)
	if s.LogFormat == logJSON {
		server.log.Info("Set-up link", "url", link, "code", server.SetupCode)
		return
	}
	if _, err := fmt.Fprintf(w, "\nSet-up link: %s\n\n", link); err != nil {
		server.log.Error("the set-up link cannot be shown", "error", err)
	}
}

// readiness says why the console can not answer every page at once, or returns nil.
func (s *Server) readiness(clock *store.Clock) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := s.DB.Ready(ctx); err != nil {
			return err
		}
		if err := clock.Ready(); err != nil {
			return err
		}
		return s.Account.Ready(ctx)
	}
}

// beginBackground begins what happens beside the requests.
func (s *Server) beginBackground(clock *store.Clock) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	service := s.Account
	s.background.Go(func() { clock.Run(ctx) })
	s.background.Go(func() { service.LogHeads(ctx) })
	s.background.Go(func() { service.Housekeeping(ctx) })
	s.background.Go(func() { service.RunJobs(ctx) })
	s.background.Go(func() { service.WriteAfterwards(ctx) })
	s.background.Go(func() { service.FollowPeople(ctx) })
	s.background.Go(func() { service.AnswerResetRequests(ctx) })
	s.background.Go(func() {
		if err := s.Worker.Run(ctx); err != nil {
			s.log.Error("delivery worker", "error", err)
		}
	})
	if s.https != nil {
		s.background.Go(func() { s.https.follow(ctx) })
	}
	if s.audit != nil {
		s.audit.begin()
	}
}

// answer serves what connects until the server is closed.
func (s *Server) answer(listener net.Listener) error {
	if s.https == nil {
		return s.http.Serve(listener)
	}
	s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: strongSuites, GetCertificate: s.https.answer,
		NextProtos: []string{"h2", "http/1.1", acme.ALPNProto}}
	return s.http.ServeTLS(listener, "", "")
}

// certificates are what https is served with; nil without --tls-cert and --acme-host.
func (s Serve) certificates(log *slog.Logger) (certificates, error) {
	switch {
	case s.ACMEHost != "":
		return s.newACMECertificates(log), nil
	case s.TLSCert != "":
		return s.openCertificateFiles(log)
	}
	return nil, nil
}

// CertificateEnd is when the certificate ends that https is served with here. It is the zero time where none is: a proxy has it, nobody
// has, or it has not been obtained yet.
func (s *Server) CertificateEnd() time.Time {
	if s.https == nil {
		return time.Time{}
	}
	return s.https.end()
}

// Close stops taking requests, finishes those under way and the deliveries that are being sent, writes the rest of the audit log and,
// into the log, the head of the activity log, and closes the database. It takes 24 seconds at most, also where the database or whoever
// reads an answer does not respond; the error says which requests were cut off for that.
func (s *Server) Close() error {
	s.log.Info("stopping")
	began := time.Now()
	err := s.closeHTTP(began.Add(stopRequests))
	s.stop()
	if !endsBy(began.Add(stopWork), s.background.Wait) {
		s.log.Warn("what goes on beside the requests does not end; it goes on after the next start, as after a crash")
	}
	closed := make(chan error, 1)
	if !endsBy(began.Add(stopAll), func() { closed <- s.closeDatabase(began.Add(stopAll)) }) {
		return errors.Join(err, errors.New("the database did not answer while the console stopped"))
	}
	return errors.Join(err, <-closed)
}

// closeHTTP refuses new requests and finishes those under way. At the deadline the rest is cut off.
func (s *Server) closeHTTP(deadline time.Time) error {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(fmt.Errorf("requests that took longer than %v were cut off", stopRequests), s.http.Close())
	}
	return err
}

// closeDatabase writes last what depends on all that was written, and closes the database.
func (s *Server) closeDatabase(deadline time.Time) error {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	var last sync.WaitGroup
	if s.audit != nil {
		last.Go(s.audit.end)
	}
	last.Go(func() { s.Account.LogHead(ctx) })
	s.Account.StopReading()
	last.Wait()
	return errors.Join(s.metrics.end(), s.DB.Close())
}

// endsBy calls end and says whether that has returned at a time; if not, it goes on by itself.
func endsBy(deadline time.Time, end func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		end()
	}()
	select {
	case <-done:
		return true
	case <-time.After(time.Until(deadline)):
		return false
	}
}

// mailer returns what sends mails: a mail server, which is called by its URL without the password, or files that are also
// the mailbox.
func (s Serve) mailer(base *url.URL) (mailer notify.Mailer, mailbox *notify.FileMailer, server string, err error) {
	sender := notify.Sender{Name: s.Brand, BaseURL: base.String()}
	if s.MailFrom != "" {
		name, address, err := notify.ParseSender(s.MailFrom)
		if err != nil {
			return nil, nil, "", fmt.Errorf("--mail-from %w", err)
		}
		sender.Address, sender.Name = address, cmp.Or(name, s.Brand)
	}
	if s.SMTP == "" && s.SMTPPasswordFile != "" {
		return nil, nil, "", errors.New("--smtp-password-file belongs to a mail server: name it with --smtp")
	}
	if s.SMTP == "" {
		files := notify.NewFileMailer(filepath.Join(s.Data, "mail"), sender)
		return files, files, "", nil
	}
	password, err := s.smtpPassword()
	if err != nil {
		return nil, nil, "", fmt.Errorf("--smtp-password-file: %w", err)
	}
	smtp, err := notify.ParseSMTP(s.SMTP, password)
	if err != nil {
		return nil, nil, "", fmt.Errorf("--smtp: %w", err)
	}
	return notify.NewSMTPMailer(smtp, sender), nil, smtp.String(), nil
}

// smtpPassword reads the password for the mail server from its file: arguments and variables of a process are seen by others.
func (s Serve) smtpPassword() (string, error) {
	if s.SMTPPasswordFile == "" {
		return "", nil
	}
	password, err := s.readSecret(s.SMTPPasswordFile)
	if err == nil && password == "" {
		err = fmt.Errorf("%s is empty", s.SMTPPasswordFile)
	}
	return password, err
}
