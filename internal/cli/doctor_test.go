package cli

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"console/internal/fake"
	"console/store"
	"console/store/storetest"
)

// diagnosis is what doctor has found, by the ids of the checks.
type diagnosis map[string]finding

// diagnosed runs doctor --json. It fails the test unless every check has told of itself, and the exit status says whether anything is wrong.
func diagnosed(t *testing.T, arguments ...string) diagnosis {
	t.Helper()
	status, out, problems := command(t, append([]string{"doctor", "--json"}, arguments...)...)
	d := read(t, out)
	if anyWrong := slices.Contains(d.states(), wrong); status != 0 != anyWrong {
		t.Errorf("the status is %d\n%s%s", status, out, problems)
	}
	return d
}

func read(t *testing.T, out string) diagnosis {
	t.Helper()
	var list []told
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d := diagnosis{}
	for _, f := range list {
		d[f.ID] = f.finding
		if f.Found == "" || f.Advice == "" && (f.State == wrong || f.State == warning) {
			t.Errorf("%s says too little: %+v", f.ID, f.finding)
		}
	}
	if len(d) != len(checks) {
		t.Errorf("%d of %d checks tell of themselves", len(d), len(checks))
	}
	return d
}

func (d diagnosis) states() (states []state) {
	for _, f := range d {
		states = append(states, f.State)
	}
	return states
}

// wants fails the test unless these checks have this state, and all words stand in one of them.
func (d diagnosis) wants(t *testing.T, s state, ids string, words ...string) {
	t.Helper()
	var said strings.Builder
	for _, id := range strings.Fields(ids) {
		f := d[id]
		if f.State != s {
			t.Errorf("%s is %s, want %s: %s %s", id, f.State, s, f.Found, f.Advice)
		}
		fmt.Fprintln(&said, f.Found, f.Advice)
	}
	for _, word := range words {
		if !strings.Contains(said.String(), word) {
			t.Errorf("%s do not say %q:\n%s", ids, word, said.String())
		}
	}
}

// onFile skips a test on PostgreSQL that has run on SQLite, and finds the same there.
func onFile(t *testing.T) {
	t.Helper()
	if storetest.OnPostgres() {
		t.Skip("it looks at an installation on SQLite, whatever the tests run on")
	}
}

// elsewhere is an address where nobody listens, nor can until the test ends: it is taken by a socket that does not.
func elsewhere(t *testing.T) string {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	taken, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", taken.(*syscall.SockaddrInet4).Port)
}

// freeAddress is an address on this machine where nothing listens yet.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// served serves a data directory until the test ends. change sees where it listens before it starts.
func served(t *testing.T, dir string, change func(*Serve)) Serve {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve{Installation: Installation{Data: dir, Brand: "Wallarm"}, Listener: listener, Listen: listener.Addr().String(), LogFormat: "text"}
	if change != nil {
		change(&s)
	}
	server, err := s.Start(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// behindProxy serves a data directory behind a proxy that ends TLS.
func behindProxy(t *testing.T, dir string, kind fake.ProxyKind) (Serve, *fake.Proxy) {
	t.Helper()
	var proxy *fake.Proxy
	s := served(t, dir, func(s *Serve) {
		proxy = fake.NewProxy(t, fake.ProxyOptions{Kind: kind, To: s.Listen, Name: "console:8080", TLS: true})
		_, port, err := net.SplitHostPort(proxy.Address)
		if err != nil {
			t.Fatal(err)
		}
		s.BaseURL, s.TrustedProxies = "https://localhost:"+port, networks(t, "127.0.0.1")
	})
	return s, proxy
}

// keep writes a file into a directory of its own.
func keep(t *testing.T, name string, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// processed runs doctor as a process that trusts certificates.
func processed(t *testing.T, certificates []byte, arguments ...string) (d diagnosis, out string) {
	t.Helper()
	p := program(t, append([]string{"doctor", "--json"}, arguments...), []string{"SSL_CERT_FILE=" + keep(t, "roots.pem", certificates)})
	said, err := p.Output()
	if d = read(t, string(said)); (err != nil) != slices.Contains(d.states(), wrong) {
		t.Errorf("%v\n%s", err, said)
	}
	return d, string(said)
}

func TestDoctorFindsNothingWrongWhereNothingIs(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	s, proxy := behindProxy(t, dir, fake.Nginx)
	const password = "s3cret of the mail server"
	mails := fake.NewMailServer(t, fake.MailOptions{TLS: fake.StartTLS, Username: "console", Password: password})
	smtp := "smtp://console@" + mails.Addr() + "?tls=starttls"
	before := files(t, dir)
	arguments := []string{"--data", dir, "--listen", s.Listen, "--base-url", s.BaseURL, "--trusted-proxies", "127.0.0.1", "--smtp", smtp,
		"--smtp-password-file", keep(t, "password", []byte(password+"\n"))}
	for _, more := range [][]string{nil, {"--whole"}} {
		d, out := processed(t, append(proxy.CertPEM(), mails.CertPEM()...), append(arguments, more...)...)
		d.wants(t, notAsked, "certificate")
		delete(d, "certificate")
		d.wants(t, right, strings.Join(slices.Collect(maps.Keys(d)), " "), "says where requests come from", "lets the console in", "all 1 entries")
		for _, secret := range []string{"s3cret", string(before["console.key"][:64])} {
			if strings.Contains(out, secret) {
				t.Error("a secret is shown")
			}
		}
	}
	if len(mails.Messages()) > 0 {
		t.Error("a mail was sent")
	}
	if !bytes.Equal(before["console.db"], files(t, dir)["console.db"]) {
		t.Error("the database was written")
	}
}

func TestDoctorTellsPeopleALineForEachCheck(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	chmod(t, map[string]fs.FileMode{filepath.Join(dir, "console.key"): 0o644})
	status, out, problems := command(t, "doctor", "--data", dir, "--listen", elsewhere(t))
	if status != 1 || problems != "console: 1 of 19 checks found something wrong\n" {
		t.Errorf("the status is %d: %s", status, problems)
	}
	for _, line := range []string{
		"\nwrong      key file: ", "\n           Make it readable for ", "\nok         integrity: ", "\nnot asked  mail server: none is named",
		"\nnot asked  base URL: the console is not running\n           Start it, and run doctor again.\n", "chmod 600 ",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("it lacks %q:\n%s", line, out)
		}
	}
}

func TestTheManualHasEveryCheckOfDoctor(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if row := regexp.MustCompile("\n\\|[^|\n]*`" + c.id + "`[^|\n]*\\|"); !row.Match(manual) {
			t.Errorf("docs/operations.md has no row for %s", c.id)
		}
	}
}

func TestDoctorFindsWhatIsWrongWithFiles(t *testing.T) {
	t.Parallel()
	onFile(t)
	listen := []string{"--listen", elsewhere(t)}
	doctor := func(t *testing.T, dir string, more ...string) diagnosis {
		t.Helper()
		return diagnosed(t, slices.Concat([]string{"--data", dir}, listen, more)...)
	}
	for name, try := range map[string]func(*testing.T, string){
		"everybody may read": func(t *testing.T, dir string) {
			database := filepath.Join(dir, "console.db")
			chmod(t, map[string]fs.FileMode{dir: 0o755, database: 0o644})
			doctor(t, dir).wants(t, wrong, "data", "chmod 700 "+dir, "chmod 600 "+database)
			doctor(t, dir, "--allow-shared-files").wants(t, warning, "data", "other means")
			if modeOf(t, database) != 0o644 {
				t.Error("it has changed the mode")
			}
		},
		"nothing is there": func(t *testing.T, dir string) {
			d := doctor(t, filepath.Join(dir, "none"))
			d.wants(t, wrong, "data disk key-file database", "does not exist", "the first start makes it")
			d.wants(t, notAsked, "schema key integrity clock administrators activity integrations deliveries")
			if exists(filepath.Join(dir, "none")) {
				t.Error("it was made")
			}
		},
		"no key": func(t *testing.T, dir string) {
			key := filepath.Join(dir, "console.key")
			if err := os.Remove(key); err != nil {
				t.Fatal(err)
			}
			d := doctor(t, dir)
			d.wants(t, wrong, "key-file", "Put it back")
			d.wants(t, right, "database schema integrity")
			if exists(key) {
				t.Error("one was made")
			}
		},
		"no key in the key file": func(t *testing.T, dir string) {
			doctor(t, dir, "--key-file", keep(t, "key", []byte("none"))).wants(t, wrong, "key-file", "64 hexadecimal digits")
		},
		"another key": func(t *testing.T, dir string) {
			d := doctor(t, dir, "--key-file", keep(t, "key", []byte(strings.Repeat("0a", 32))))
			d.wants(t, right, "key-file integrity")
			d.wants(t, wrong, "key", "not that of the database", "look for it beside your copies")
		},
		"files of secrets": func(t *testing.T, dir string) {
			open, empty := keep(t, "open", []byte("s3cret")), keep(t, "empty", nil)
			chmod(t, map[string]fs.FileMode{open: 0o644})
			smtp := []string{"--smtp", "smtp://console@localhost:1", "--base-url", "http://localhost:1", "--smtp-password-file"}
			doctor(t, dir, append(smtp, open)...).wants(t, wrong, "secret-files mail", "chmod 600 "+open)
			doctor(t, dir, append(smtp, empty)...).wants(t, wrong, "secret-files mail", empty+" is empty")
		},
		"no database in the file": func(t *testing.T, dir string) {
			d := doctor(t, dir, "--database", keep(t, "database", []byte(strings.Repeat("no database ", 1000))))
			d.wants(t, wrong, "database integrity", "is not a database", "console restored")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			try(t, installed(t))
		})
	}
}

func TestDoctorFindsWhatIsWrongInTheDatabase(t *testing.T) {
	t.Parallel()
	onFile(t)
	future := time.Now().Add(time.Hour).UnixMilli()
	listen := elsewhere(t)
	for name, try := range map[string]struct {
		statements []string
		state      state
		ids        string
		words      []string
	}{
		"a newer schema": {
			[]string{`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`}, wrong, "schema",
			[]string{"schema 99", "this program knows", "newer program"},
		},
		"a row that refers to none": {
			[]string{`PRAGMA foreign_keys = 0`, `INSERT INTO group_users (group_id, user_id) VALUES (99, 1)`}, wrong, "integrity",
			[]string{"a row of group_users refers to one of groups that is not there"},
		},
		"an entry of the future": {
			[]string{fmt.Sprintf(`INSERT INTO activity (at, actor_id, actor, source, address, request_id, action, object_type, object_id, object, outcome,
				changes, mac) VALUES (%d, 0, '', 'UI', '', '', 'a', 'user', 1, '', 'done', '{}', zeroblob(32))`, future)}, wrong, "clock activity",
			[]string{"the clock is behind now, or was ahead then", "chrony", "not whole from entry"},
		},
		"no administrator": {
			[]string{`UPDATE users SET disabled_at = 1`}, wrong, "administrators", []string{"console admin recover"},
		},
		"no account": {
			[]string{`DELETE FROM account`}, warning, "administrators", []string{"console setup"},
		},
		"settings of an integration": {
			[]string{`UPDATE integrations SET settings = x'00'`}, wrong, "integrations", []string{`"Mail"`, "Enter them anew"},
		},
		"a message that nobody sends": {
			[]string{`INSERT INTO deliveries (uuid, target, kind, recipient, template, params, state, next_at, created_at)
				VALUES ('a', 'mail', 'email', 'a@example.com', 'test', '{}', 'waiting', 1, 1)`}, wrong, "deliveries", []string{"1 messages are not sent"},
		},
		"a server that takes nothing": {
			[]string{
				`INSERT INTO delivery_holds (target, since, until, pause, reason) VALUES ('mail', 1, 1, 1, 'connection refused')`,
				`INSERT INTO deliveries (uuid, target, kind, recipient, template, params, state, next_at, created_at)
				VALUES ('a', 'mail', 'email', 'a@example.com', 'test', '{}', 'waiting', 1, 1)`,
			}, warning, "deliveries", []string{"the mail server takes no messages since", "connection refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := installed(t)
			db := raw(t, dir)
			db.SetMaxOpenConns(1) // for PRAGMA
			for _, statement := range try.statements {
				if _, err := db.Exec(statement); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			diagnosed(t, "--data", dir, "--listen", listen).wants(t, try.state, try.ids, try.words...)
		})
	}
}

func TestDoctorFindsADamagedPage(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	db := raw(t, dir)
	var page, size int64
	err := db.QueryRow(`SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name = 'throttles'`).Scan(&page, &size)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "console.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xaa}, int(size)), (page-1)*size); err != nil {
		t.Fatal(err)
	}
	for _, more := range [][]string{nil, {"--whole"}} {
		d := diagnosed(t, append([]string{"--data", dir, "--listen", elsewhere(t)}, more...)...)
		d.wants(t, wrong, "integrity", "put the newest copy back")
		d.wants(t, right, "key-file schema")
	}
}

func TestDoctorTellsOfAnOlderSchema(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	downgrade(t, dir, 28)
	before := files(t, dir)["console.db"]
	d := diagnosed(t, "--data", dir, "--listen", elsewhere(t))
	d.wants(t, warning, "schema", "the database has schema 28, this program knows", "Keep a copy")
	d.wants(t, right, "key integrity database")
	d.wants(t, notAsked, "administrators activity integrations deliveries")
	if !bytes.Equal(before, files(t, dir)["console.db"]) {
		t.Error("the database was written")
	}
}

func TestDoctorTalksToTheMailServer(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir, listen := installed(t), elsewhere(t)
	doctor := func(server *fake.MailServer, password string) diagnosis {
		t.Helper()
		return diagnosed(t, "--data", dir, "--listen", listen, "--base-url", "http://"+listen, "--smtp", "smtp://console@"+server.Addr()+"?tls=none",
			"--smtp-password-file", keep(t, "password", []byte(password)))
	}
	server := fake.NewMailServer(t, fake.MailOptions{Username: "console", Password: "right"})
	doctor(server, "right").wants(t, right, "mail", "lets the console in")
	doctor(server, "other").wants(t, wrong, "mail", server.Addr(), "refused the user name or password", "the password in its file")
	diagnosed(t, "--data", dir, "--listen", listen, "--base-url", "http://"+listen, "--smtp", "smtp://"+server.Addr()+"?tls=tls").
		wants(t, wrong, "mail", "does not speak TLS", "tls=starttls")
	server.Close()
	doctor(server, "right").wants(t, wrong, "mail", "connection refused")
	if len(server.Messages()) > 0 {
		t.Error("a mail was sent")
	}
	encrypted := fake.NewMailServer(t, fake.MailOptions{TLS: fake.StartTLS})
	diagnosed(t, "--data", dir, "--listen", listen, "--base-url", "http://"+listen, "--smtp", encrypted.URL()).
		wants(t, wrong, "mail", "certificate", "SSL_CERT_FILE")
}

// certified writes a certificate for a name, which is its own authority, and its key.
func certified(t *testing.T, name string, until time.Time) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: until.AddDate(0, 0, -90), NotAfter: until, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return keep(t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		keep(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

func TestDoctorLooksAtCertificates(t *testing.T) {
	t.Parallel()
	onFile(t)
	for name, try := range map[string]struct {
		name          string
		until         time.Time
		here, reached state
		words         string
	}{
		"that has ended":      {"localhost", time.Now().Add(-time.Hour), wrong, wrong, "it has ended on"},
		"that begins later":   {"localhost", time.Now().AddDate(0, 0, 91), wrong, wrong, "it begins on"},
		"of another name":     {"other.example", time.Now().AddDate(0, 1, 0), wrong, wrong, "it is not for localhost"},
		"that ends in a week": {"localhost", time.Now().AddDate(0, 0, 7), warning, right, "Renew it now"},
		"that is right":       {"localhost", time.Now().AddDate(0, 1, 0), right, right, "valid until"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := installed(t)
			certificate, key := certified(t, try.name, try.until)
			s := served(t, dir, func(s *Serve) {
				_, port, _ := net.SplitHostPort(s.Listen)
				s.BaseURL, s.TLSCert, s.TLSKey = "https://localhost:"+port, certificate, key
			})
			roots, err := os.ReadFile(certificate)
			if err != nil {
				t.Fatal(err)
			}
			d, _ := processed(t, roots, "--data", dir, "--listen", s.Listen, "--base-url", s.BaseURL, "--tls-cert", certificate, "--tls-key", key)
			d.wants(t, right, "secret-files options")
			d.wants(t, try.here, "certificate base-url-certificate", try.words)
			d.wants(t, try.reached, "base-url")
			if try.reached == right {
				d.wants(t, right, "proxy", "none stands between")
			}
		})
	}
}

func TestDoctorLooksAtTheCertificateOfAnAuthority(t *testing.T) {
	t.Parallel()
	const host = "console.example.com"
	certificate, key := certified(t, host, time.Now().AddDate(0, 0, 7))
	var kept []byte // as it is kept: the key, then the certificates
	for _, path := range []string{key, certificate} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, content...)
	}
	for name, try := range map[string]struct {
		kept  []byte
		state state
		words string
	}{
		"none":    {nil, wrong, "at port 443"},
		"damaged": {kept[:len(kept)/2], wrong, "is no certificate with its key"},
		"ends":    {kept, warning, "valid until"},
	} {
		e := examine(t.Context(), Serve{Installation: Installation{Data: t.TempDir()}, ACMEHost: host})
		if try.kept != nil {
			dir := filepath.Join(e.serve.Data, acmeDirectory)
			if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, host), try.kept, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		if f := checkCertificate(t.Context(), e); f.State != try.state || !strings.Contains(f.Found+" "+f.Advice, try.words) {
			t.Errorf("%s: it is %s: %s %s", name, f.State, f.Found, f.Advice)
		}
	}
}

func TestDoctorFindsOutWhoAnswersAtTheBaseURL(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	s := served(t, dir, func(s *Serve) { s.BaseURL = "http://" + s.Listen })
	at := func(base string, more ...string) diagnosis {
		t.Helper()
		return diagnosed(t, append([]string{"--data", dir, "--listen", s.Listen, "--base-url", base}, more...)...)
	}
	at(s.BaseURL).wants(t, right, "base-url proxy", "the console answers at", "none stands between")
	at(s.BaseURL, "--key-file", keep(t, "key", []byte(strings.Repeat("0a", 32)))).wants(t, wrong, "base-url", "not by a console with this key")
	at(s.BaseURL+"/elsewhere").wants(t, wrong, "base-url", "(404) is no console")
	at("http://"+elsewhere(t)).wants(t, wrong, "base-url", "cannot be reached from here", "reverse proxy")
	nobody := "http://" + elsewhere(t)
	at(nobody, "--listen", strings.TrimPrefix(nobody, "http://")).wants(t, notAsked, "base-url proxy", "not running")
	at("http://[::1").wants(t, wrong, "options", "--base-url")
	gone := fake.NewProxy(t, fake.ProxyOptions{To: elsewhere(t)})
	at("http://"+gone.Address).wants(t, wrong, "base-url", "answers 502", "--listen")
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	at(other.URL).wants(t, wrong, "base-url", "is no console")
}

func TestDoctorFindsOutWhatProxiesSay(t *testing.T) {
	t.Parallel()
	onFile(t)
	for name, try := range map[string]struct {
		kind  fake.ProxyKind
		state state
		words string
	}{
		"nginx":               {fake.Nginx, right, "127.0.0.1 says where requests come from"},
		"nginx as it comes":   {fake.NginxPlain, wrong, `calls the console "console:8080"`},
		"Application Gateway": {fake.ApplicationGateway, right, "says where requests come from"},
		"ARR":                 {fake.ARR, wrong, "the header Host"},
		"ALB":                 {fake.ALB, right, "says where requests come from"},
		"HAProxy":             {fake.HAProxy, right, "says where requests come from"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := installed(t)
			s, proxy := behindProxy(t, dir, try.kind)
			d, _ := processed(t, proxy.CertPEM(), "--data", dir, "--listen", s.Listen, "--base-url", s.BaseURL, "--trusted-proxies", "127.0.0.1")
			d.wants(t, try.state, "proxy", try.words)
			d.wants(t, right, "base-url base-url-certificate")
		})
	}
	base := &url.URL{Scheme: "https", Host: "c.example"}
	came := func(change func(*arrival)) finding {
		a := arrival{}
		a.From, a.Trusted, a.Host, a.Scheme, a.ForwardedFor = "10.0.0.5:999", true, "c.example", "https", []string{forgedAddress, "10.0.0.9"}
		change(&a)
		return proxyFinding(a, base)
	}
	for words, change := range map[string]func(*arrival){
		"says where requests come from":          func(*arrival) {},
		"not one that --trusted-proxies names":   func(a *arrival) { a.Trusted = false },
		`says "" in X-Forwarded-Proto`:           func(a *arrival) { a.Scheme = "" },
		`says "http" in X-Forwarded-Proto`:       func(a *arrival) { a.Scheme = "http" },
		"sends no X-Forwarded-For":               func(a *arrival) { a.ForwardedFor = nil },
		"passes X-Forwarded-For on as it was":    func(a *arrival) { a.ForwardedFor = []string{forgedAddress} },
		"none stands between":                    func(a *arrival) { a.direct, a.Trusted = true, false },
		`the proxy at 10.0.0.5 calls the consol`: func(a *arrival) { a.Host = "console:8080" },
	} {
		if f := came(change); !strings.Contains(f.Found, words) {
			t.Errorf("it says %q, want %q", f.Found, words)
		}
	}
}

func TestDoctorTellsOfProxiesThatAreNoNetworks(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	diagnosed(t, "--data", dir, "--trusted-proxies", "0.0.0.0/0", "--listen", elsewhere(t)).wants(t, warning, "options", "0.0.0.0/0")
	status, _, problems := command(t, "doctor", "--data", dir, "--trusted-proxies", "proxy.example")
	if status != 2 || !strings.Contains(problems, `"proxy.example" is no network`) {
		t.Errorf("a host name: %d, %s", status, problems)
	}
}

// A stranger learns nothing of proxies, and an old question is one of a stranger.
func TestTheProbeAnswersWhoHasTheKeyOnly(t *testing.T) {
	t.Parallel()
	onFile(t)
	dir := installed(t)
	s := served(t, dir, func(s *Serve) { s.BaseURL = "http://" + s.Listen })
	e := examine(t.Context(), Serve{Installation: Installation{Data: dir}})
	probe, ok := e.probe()
	if !ok {
		t.Fatal("there is no key")
	}
	now := time.Now()
	question := probe.Question(now)
	for asked, answered := range map[string]bool{
		question: true, "": false, "x": false, question + "0": false, "9" + question: false,
		probe.Question(now.Add(-5 * time.Minute)): false, probe.Question(now.Add(5 * time.Minute)): false,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.BaseURL+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Console-Probe", asked)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if said := string(body) != "ok"; said != answered || (response.Header.Get("Console-Probe") != "") != answered {
			t.Errorf("%q is answered with %s", asked, body)
		}
	}
	if _, err := probe.Verify(question, "00", []byte("{}")); err == nil {
		t.Error("an answer without proof is taken")
	}
}

func TestACheckThatDoesNotEndStopsNoOther(t *testing.T) {
	t.Parallel()
	e := examine(t.Context(), Serve{Installation: Installation{Data: t.TempDir()}})
	e.limit = time.Millisecond
	for name, look := range map[string]func(context.Context, *examination) finding{
		"that listens": func(ctx context.Context, _ *examination) finding {
			<-ctx.Done()
			f, _ := late(ctx, ctx.Err())
			return f
		},
		"that does not": func(context.Context, *examination) finding { select {} },
	} {
		if f := (check{look: look}).make(t.Context(), e); f.State != notAsked || f.Advice == "" {
			t.Errorf("one %s says %+v", name, f)
		}
	}
}

func TestDoctorComparesClocks(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, try := range []struct {
		machine, database, entered time.Time
		want                       state
	}{
		{now, now, now, right},
		{now, now, time.UnixMilli(0), right},
		{now.Add(2 * time.Second), now, now, warning},
		{now.Add(-time.Hour), now, now, warning},
		{now, now, now.Add(time.Minute), wrong},
	} {
		if f := clockFinding(try.machine, try.database, try.entered); f.State != try.want {
			t.Errorf("%+v: %+v", try, f)
		}
	}
}

// On PostgreSQL a role that lacks rights is told from one that has them, and what copying by hand leaves behind is found.
func TestDoctorOnPostgreSQL(t *testing.T) {
	t.Parallel()
	if !storetest.OnPostgres() {
		t.Skip("it is about PostgreSQL")
	}
	place := storetest.Bare(t, "")
	s := served(t, t.TempDir(), func(s *Serve) { s.Database, s.BaseURL = place, "http://"+s.Listen })
	at := func(place string) diagnosis {
		t.Helper()
		return diagnosed(t, "--data", s.Data, "--database", place, "--listen", s.Listen, "--base-url", s.BaseURL)
	}
	d := at(place)
	d.wants(t, right, "database schema key integrity clock activity integrations deliveries base-url", "PostgreSQL ", "schema public")
	d.wants(t, warning, "administrators")
	db := storetest.Raw(t, place)
	role := fmt.Sprintf("limited_%d", time.Now().UnixNano())
	for _, statement := range []string{
		`CREATE ROLE ` + role + ` LOGIN`, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ` + role,
		`ALTER TABLE activity DISABLE TRIGGER ALL`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := db.Exec(`DROP OWNED BY ` + role); err != nil {
			t.Error(err)
		}
		if _, err := db.Exec(`DROP ROLE ` + role); err != nil {
			t.Error(err)
		}
	})
	limited := strings.Replace(place, "user=console", "user="+role, 1)
	d = at(limited)
	d.wants(t, wrong, "database", "may not read and write", "users", "Grant")
	d.wants(t, wrong, "integrity", "of activity is switched off")
	if _, err := db.Exec(`GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ` + role); err != nil {
		t.Fatal(err)
	}
	at(limited).wants(t, warning, "database", "may not change the schema", "the owner")
	at(strings.Replace(place, "console_", "none_", 1)).wants(t, wrong, "database")
	if _, err := store.ServerAt(t.Context(), place+"&default_transaction_read_only=on"); err != nil {
		t.Fatal(err)
	}
	at(place+"&default_transaction_read_only=on").wants(t, wrong, "database", "it takes no changes")
}
