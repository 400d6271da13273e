package notify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http/httpguts"

	"console/internal/input"
)

// FuzzSender: whatever is given as the sender of mails, it is refused, or is an address in ASCII with a name of one line that is read again.
func FuzzSender(f *testing.F) {
	for _, raw := range []string{"no-reply@example.com", "Acme Console <no-reply@example.com>", `"A, B" <a@Bücher.example>`, "=?utf-8?q?a=0d=0a?= <a@b.co>",
		"a@b.co, c@d.co", "<a@b.co>", "Группа <a@b.co>", "\xff <a@b.co>", "a\r\nBcc: x <a@b.co>", "a@b.co (note)", "jörg@b.co"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		name, address, err := ParseSender(raw)
		if err != nil {
			if name != "" || address != "" {
				t.Errorf("%q is %q, %q and refused", raw, name, address)
			}
			return
		}
		if _, _, refusal := input.ParseEmail(address); refusal != "" || !ascii(address) || oneLine(name) != name {
			t.Errorf("%q is %q, %q: %s", raw, name, address, refusal)
		}
		written := (&mail.Address{Name: name, Address: address}).String()
		if againName, again, err := ParseSender(written); again != address || againName != name {
			t.Errorf("%q is %q, %q, and %q is %q, %q, %v", raw, name, address, written, againName, again, err)
		}
	})
}

// FuzzSMTP: whatever URL a mail server is given by, no password is shown, none goes in clear text to another machine, and the server that is
// shown is the one that is meant.
func FuzzSMTP(f *testing.F) {
	for _, raw := range []string{"smtp://u@mail.example.com?tls=starttls", "smtp://u:s3cret-word@mail.example.com:25?tls=tls", "smtp://127.0.0.1?tls=none",
		"smtp://u@localhost?tls=none", "smtp://u@127.0.0.1.example?tls=none", "smtp://[::1]:25?tls=none", "smtp://[fe80::1%25eth0]", "smtp://h:0",
		"smtp://h?tls=tls&tls=none", "smtp://h?TLS=tls", "http://h", "smtp://h/%2f", "smtp://h%zz", "smtp://u:s3cret-word/x@h"} {
		f.Add(raw, "s3cret-word")
		f.Add(raw, "")
	}
	f.Fuzz(func(t *testing.T, raw, password string) {
		s, err := ParseSMTP(raw, password)
		said := s.String() + fmt.Sprintf("%#v", s)
		if err != nil {
			said = err.Error()
		}
		if strings.Contains(said, "s3cret-word") && strings.Count(raw, "s3cret-word") < 2 && !strings.Contains(s.Host, "s3cret-word") {
			t.Errorf("%q shows its password: %s", raw, said)
		}
		if err != nil {
			return
		}
		if s.Host == "" || s.Port < 1 || s.Port > 65535 || (s.Username == "") != (s.Password == "") || s.TLS == NoTLS && s.Password != "" && !s.loopback() {
			t.Errorf("%q is %+v", raw, s)
		}
		if again, err := ParseSMTP(s.String(), ""); err != nil || again.Host != s.Host || again.Port != s.Port || again.TLS != s.TLS {
			t.Errorf("%q is shown as %s, which is %+v, %v", raw, s, again, err)
		}
	})
}

// FuzzTargetURL: whatever address is given for an integration, it is refused, or leads to a public host, in whatever spelling, and stays the
// same address once it is stored.
func FuzzTargetURL(f *testing.F) {
	for _, raw := range []string{"https://example.com/hook?a=b#c", "http://127.1", "http://0x7f.1/", "http://１２７。０。０。１", "http://[::ffff:7f00:1]", "http://ex\u00adample.com",
		"http://user@example.com", "https://example.com\\@127.0.0.1", "HTTP://EXAMPLE.com:080/", "http://[fe80::1%25eth0]", "http://example.com:99999", "http:///x", "//x",
		"http://93.184.215.14.", "http://%31%32%37.0.0.1", "http://\x92", "http://a..b/", "http://Bücher.example/ü?ü"} {
		f.Add(raw)
	}
	var guard Guard // looks no name up
	f.Fuzz(func(t *testing.T, raw string) {
		if err := guard.CheckURL(t.Context(), raw); err != nil {
			if text := err.Error(); raw != "" && len(raw) > 20 && strings.Contains(text, raw) {
				t.Errorf("%q is repeated: %s", raw, text)
			}
			return
		}
		stored := withASCIIHost(raw)
		if err := guard.CheckURL(t.Context(), stored); err != nil || withASCIIHost(stored) != stored {
			t.Errorf("%q is stored as %q, and that as %q: %v", raw, stored, withASCIIHost(stored), err)
		}
		u, err := url.Parse(stored)
		if err != nil {
			t.Fatalf("%q is stored as %q: %v", raw, stored, err)
		}
		if address, err := netip.ParseAddr(strings.TrimSuffix(u.Hostname(), ".")); err == nil && (!address.IsGlobalUnicast() || address.Unmap().IsPrivate()) {
			t.Errorf("%q leads to %s", raw, address)
		}
	})
}

// FuzzLegacyAddress: an address of IPv4 is known in every spelling that resolvers take.
func FuzzLegacyAddress(f *testing.F) {
	f.Add(uint32(0x7f000001), uint8(1), uint8(0))
	f.Add(uint32(0xa9fea9fe), uint8(4), uint8(27))
	f.Add(uint32(0), uint8(2), uint8(2))
	f.Fuzz(func(t *testing.T, address uint32, parts, bases uint8) {
		count := int(parts)%4 + 1
		var written []string
		for i := range count {
			n := uint64(address>>(24-8*i)) & 0xff
			if i == count-1 { // the last fills what the others leave
				n = uint64(address) & (1<<(8*(5-count)) - 1)
			}
			format := []string{"%d", "0%o", "0x%x"}[int(bases)/[]int{1, 3, 9, 27}[i]%3]
			written = append(written, fmt.Sprintf(format, n))
		}
		host := strings.Join(written, ".")
		want := netip.AddrFrom4([4]byte{byte(address >> 24), byte(address >> 16), byte(address >> 8), byte(address)})
		if got, ok := parseLegacy(host); !ok || got != want {
			t.Errorf("%s is %s, not %s", host, got, want)
		}
	})
}

// FuzzHeaders: whatever is typed as headers, it is refused without the values, or can be sent; and nobody gets a stored value by giving
// it to a header of another name.
func FuzzHeaders(f *testing.F) {
	for _, seed := range [][3]string{
		{"X-Token: a\nX-Other: b", "X-Token: s3cret-word", ""}, {"x-token:", "X-Token: s3cret-word", "1"}, {"X-Other:", "X-Token: s3cret-word", "1"},
		{"a b: c", "", ""}, {": x", ": s3cret-word", "1"}, {"X\n\n:", "", "1\n2\n-1"}, {"Host: x", "", ""}, {"X: \x00", "", ""}, {"é: x", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, typed, kept, rows string) {
		headers, refusal := parseHeaders(typed)
		for name, values := range headers {
			for _, value := range values {
				if refusal != "" || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) || http.CanonicalHeaderKey(name) != name {
					t.Errorf("%q gives %q: %q, %s", typed, name, value, refusal)
				}
			}
		}
		for _, shown := range [][]string{nil, strings.Split(rows, "\n")} {
			lines, filled := strings.Split(typed, "\n"), strings.Split(keepHeaders(typed, kept, shown), "\n")
			if len(lines) != len(filled) {
				t.Fatalf("%q becomes %q", lines, filled)
			}
			for i, line := range filled {
				name, value, _ := strings.Cut(line, ": ")
				has := func(h namedValue) bool {
					return h.value == value && h.canonical() == http.CanonicalHeaderKey(name)
				}
				if line != lines[i] && !containsFunc(headersIn(kept), has) {
					t.Errorf("%q becomes %q with %q", lines[i], line, kept)
				}
			}
		}
	})
}

func containsFunc(headers []namedValue, has func(namedValue) bool) bool {
	for _, h := range headers {
		if has(h) {
			return true
		}
	}
	return false
}

// FuzzFill: whatever is typed into the form of any kind, storing it, and what its check says, is the same the second time, and no secret is
// shown.
func FuzzFill(f *testing.F) {
	for _, value := range []string{"", " x ", "https://Bücher.example/a?b#s3cret-word", "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "a: b\r\nc: s3cret-word", "20", "-1", "\xff",
		"123456789:abcdefghijklmnop", "-100123", "1", "-----BEGIN CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"} {
		f.Add(value)
	}
	var guard Guard
	f.Fuzz(func(t *testing.T, value string) {
		for _, kind := range kinds {
			typed := Settings{}
			for _, field := range kind.Fields {
				typed[field.Name] = value
			}
			stored := Fill(kind, nil, typed)
			if again := Fill(kind, nil, stored); !maps.Equal(again, stored) {
				t.Errorf("%s: %q is stored as %q, and that as %q", kind.Key, value, stored, again)
			}
			if kept := Fill(kind, stored, Settings{}); kind.Key == KindWebhook && kept[signingSecret] != stored[signingSecret] {
				t.Errorf("%s: a secret that was left empty becomes %q", kind.Key, kept)
			}
			for name, refusal := range CheckSettings(t.Context(), &guard, kind, stored) {
				if strings.Contains(refusal, "s3cret-word") && !strings.Contains(refusal, "“") {
					t.Errorf("%s: %s is refused with %q", kind.Key, name, refusal)
				}
			}
			for name, shown := range Mask(kind, stored) {
				if field := fieldOf(kind, name); field.Secret() && len(stored[name]) > 0 && shown == stored[name] {
					t.Errorf("%s: %s is shown as it is: %q", kind.Key, name, shown)
				}
			}
		}
	})
}

func fieldOf(k Kind, name string) Field {
	for _, field := range k.Fields {
		if field.Name == name {
			return field
		}
	}
	return Field{}
}

// FuzzCertificates: whatever file is chosen as certificates of authorities, it is refused, or is nothing but certificates.
func FuzzCertificates(f *testing.F) {
	for _, file := range []string{"", "x", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "\x30\x82\x01\x0a",
		"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "-----BEGIN X-----\nA: b\n\nAAAA\n-----END X-----"} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		text := ReadCertificate(file)
		pool, refusal := parseCertificates(text)
		if (pool == nil) != (refusal != "") {
			t.Fatalf("%q: %v, %s", text, pool, refusal)
		}
		if refusal == "" && strings.Contains(text, "-----BEGIN") && !strings.Contains(text, "-----BEGIN "+certificateBlock+"-----") {
			t.Errorf("%q is taken for certificates", text)
		}
		if again := ReadCertificate([]byte(text)); again != text {
			t.Errorf("%q becomes %q", text, again)
		}
	})
}

// FuzzSigningSecret: whatever is given as a signing secret, it is refused, or is a key of the length that Standard Webhooks asks for.
func FuzzSigningSecret(f *testing.F) {
	for _, secret := range []string{"", "whsec_", "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "whsec_c2VjcmV0\nc2VjcmV0c2VjcmV0c2VjcmV0", NewSigningSecret(), "whsec_====", "c2VjcmV0"} {
		f.Add(secret)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		key, ok := parseSigningSecret(secret)
		if ok != (checkSigningSecret(secret) == "") || ok && (len(key) < minSecretBytes || len(key) > maxSecretBytes) {
			t.Errorf("%q is a key of %d bytes: %t", secret, len(key), ok)
		}
		if again, _ := parseSigningSecret(secretPrefix + base64.StdEncoding.EncodeToString(key)); ok && !bytes.Equal(again, key) {
			t.Errorf("%q is another key when it is written again", secret)
		}
	})
}

// FuzzAnswer: whatever a target answers, it is a success only where the status says so, and nobody is left alone for longer than an hour.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []struct {
		status      int
		body, after string
	}{
		{200, "ok", ""}, {200, `{"ok":true}`, ""}, {200, "<html>", ""}, {429, `{"ok":false,"parameters":{"retry_after":99999999999}}`, "120"},
		{400, `{"parameters":{"migrate_to_chat_id":-100}}`, "-1"}, {503, "", "Sun, 06 Nov 2094 08:49:37 GMT"}, {503, "", "99999999999999999999"}, {302, "", "1e3"},
		{200, `{"Success":null}`, ""}, {0, "[[[", "Sun, 06 Nov 1994 08:49:37 GMT"},
	} {
		f.Add(seed.status, []byte(seed.body), seed.after)
	}
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, body []byte, after string) {
		a := answer{status: status, body: body, retryAfter: after}
		for _, kind := range kinds {
			note, err := kind.judge(a, now)
			failure := (*Failure)(nil)
			if err != nil && (!errors.As(err, &failure) || failure.Reason == "" || failure.RetryAfter < 0 || failure.RetryAfter > maxRetryAfter) {
				t.Errorf("%s: %v", kind.Key, err)
			}
			if err == nil && (status < 200 || status > 299) {
				t.Errorf("%s takes %d for a success (%s)", kind.Key, status, note)
			}
		}
		if wait := parseRetryAfter(after, now); wait < 0 || wait > maxRetryAfter {
			t.Errorf("%q is %s", after, wait)
		}
		if seconds, err := strconv.ParseUint(after, 10, 11); err == nil && parseRetryAfter(after, now) != time.Duration(seconds)*time.Second {
			t.Errorf("%q is %s", after, parseRetryAfter(after, now))
		}
	})
}

// FuzzStoredSettings: what is sealed as settings opens as the same settings, whatever it holds, and for that integration only.
func FuzzStoredSettings(f *testing.F) {
	f.Add("url", "https://example.com", int64(7))
	f.Add("", "\xff", int64(-1))
	f.Fuzz(func(t *testing.T, name, value string, id int64) {
		key := newKey(t, 1)
		settings := Settings{name: value}
		sealed, err := SealSettings(key, id, settings)
		if err != nil {
			t.Fatal(err)
		}
		readable := Settings{string([]rune(name)): string([]rune(value))} // JSON holds no other bytes
		if opened, err := OpenSettings(key, id, sealed); err != nil || !maps.Equal(opened, readable) {
			t.Errorf("%q opens as %q, %v", settings, opened, err)
		}
		if opened, err := OpenSettings(key, id+1, sealed); err == nil || opened != nil {
			t.Errorf("the settings of %d open for another", id)
		}
		if _, err := json.Marshal(Mask(kinds[0], settings)); err != nil {
			t.Error(err)
		}
	})
}
