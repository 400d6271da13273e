package notify

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// HeaderName, HeaderValue and HeaderRow are the names under which a form holds the rows of a FieldHeaders: of each the name, the
// value, and which of the stored headers it shows.
func HeaderName(field string) string { return field + "_name" }

// HeaderValue is explained at HeaderName.
func HeaderValue(field string) string { return field + "_value" }

// HeaderRow is explained at HeaderName. In typed settings it stands for lines beside those of the headers, each with the number of a
// stored header, from 1, or empty for a new one. Where there is none of it, headers are told by their names and their order.
func HeaderRow(field string) string { return field + "_row" }

// colonInName stands in the line of a header for a colon within its name, which no name has.
const colonInName = "\x00"

// oneHeader keeps what stands in one header from being read as two: a line break, which is refused as well, ends no line any more.
var oneHeader = strings.NewReplacer("\n", "\r")

// HeaderLine is a header as a line of typed settings. A name or a value that cannot be is refused as it was entered, and is not taken
// for another header.
func HeaderLine(name, value string) string {
	return oneHeader.Replace(strings.ReplaceAll(name, ":", colonInName) + ": " + value)
}

// CertificateFile is the name under which a form holds the file of a FieldCertificate.
func CertificateFile(field string) string { return field + "_file" }

// ReadCertificate returns what is in a file of certificates as text in PEM; .cer files often hold one certificate in DER. What is
// neither is returned as it is: it is refused when the settings are checked.
func ReadCertificate(file []byte) string {
	if _, err := x509.ParseCertificate(file); err == nil {
		file = pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: file})
	}
	return string(file)
}

// Fill returns what a person typed into the form of a kind as it is stored: trimmed, with the hosts of addresses in ASCII, with the
// defaults of selections and numbers left empty, and with a signing secret where there must be one. kept are the settings stored
// before, or nil: a secret left empty keeps its value unless it is to be forgotten (see Forget), and so do a header without a value
// and what stands in no form.
func Fill(k Kind, kept, typed Settings) Settings {
	filled := maps.Clone(kept)
	if filled == nil {
		filled = Settings{}
	}
	for _, field := range k.Fields {
		value := strings.TrimSpace(strings.ReplaceAll(typed[field.Name], "\r\n", "\n"))
		if field.isURL() {
			value = withASCIIHost(value)
		}
		switch {
		case value != "" && field.Type == FieldHeaders && typed[Forget(field.Name)] == "":
			value = keepHeaders(value, kept[field.Name], shownRows(field, typed))
		case value == "" && field.Secret():
			if typed[Forget(field.Name)] == "" {
				value = kept[field.Name]
			}
		case value == "" && field.Type != FieldCheck:
			value = field.Default
		}
		filled[field.Name] = value
	}
	if k.Key == KindTelegram && typed[ChatData] != "" {
		filled[ChatData] = typed[ChatData]
	}
	if k.Key == KindWebhook && filled[signingSecret] == "" {
		filled[signingSecret] = NewSigningSecret()
	}
	return filled
}

// Forget is the name under which a form says that the stored value of a secret is to be forgotten.
func Forget(field string) string { return "forget_" + field }

// Retype says which secrets must be typed again, by the name of the field, because another address than the stored one has
// been typed: whoever may change an address must not thereby get what was stored for the old one. On a shared host it may be
// the path or the query that says whose the receiver is. A signing secret is never sent and stays.
func Retype(k Kind, kept, typed Settings) map[string]string {
	needed := map[string]string{}
	if !moved(k, kept, typed) {
		return needed
	}
	for _, field := range k.Fields {
		sent := field.Secret() && !field.isURL() && field.Name != signingSecret
		if sent && kept[field.Name] != "" && field.keeps(typed, kept[field.Name]) && typed[Forget(field.Name)] == "" {
			needed[field.Name] = "The address has changed. Enter this again: what is stored is sent to the old address only."
		}
	}
	return needed
}

// keeps says whether what was typed into a secret field keeps something of what is stored.
func (f Field) keeps(typed Settings, kept string) bool {
	text := typed[f.Name]
	return strings.TrimSpace(text) == "" || f.Type == FieldHeaders && keepHeaders(text, kept, shownRows(f, typed)) != text
}

// shownRows are the numbers of the stored headers that the rows of a form have shown, or nil.
func shownRows(f Field, typed Settings) []string {
	if rows, sent := typed[HeaderRow(f.Name)]; sent {
		return strings.Split(rows, "\n")
	}
	return nil
}

// keepHeaders gives the headers that were typed without a value the stored one that their row has shown, unless the row has got
// another name since; without rows, those that are stored under the same name, in the same order.
func keepHeaders(typed, kept string, rows []string) string {
	stored := headersIn(kept)
	lines := strings.Split(typed, "\n")
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		at := slices.IndexFunc(stored, func(h namedValue) bool { return h.canonical() == http.CanonicalHeaderKey(name) })
		if rows != nil {
			at = shownBy(rows, i, len(stored))
		}
		if at < 0 || name == "" || stored[at].canonical() != http.CanonicalHeaderKey(name) {
			continue
		}
		if strings.TrimSpace(value) == "" {
			lines[i] = name + ": " + stored[at].value
		}
		if rows == nil {
			stored = slices.Delete(stored, at, at+1)
		}
	}
	return strings.Join(lines, "\n")
}

// shownBy is which of stored headers a row has shown, from 0, or -1.
func shownBy(rows []string, row, stored int) int {
	if row >= len(rows) {
		return -1
	}
	number, err := strconv.Atoi(rows[row])
	if err != nil || number < 1 || number > stored {
		return -1
	}
	return number - 1
}

// namedValue is a header as it is stored.
type namedValue struct{ name, value string }

func (h namedValue) canonical() string { return http.CanonicalHeaderKey(h.name) }

// headersIn are the headers in lines of "Name: value".
func headersIn(lines string) []namedValue {
	var headers []namedValue
	for line := range strings.SplitSeq(lines, "\n") {
		if name, value, found := strings.Cut(line, ":"); found {
			headers = append(headers, namedValue{name, strings.TrimSpace(value)})
		}
	}
	return headers
}

// moved says whether an address has been typed that is another than the stored one.
func moved(k Kind, kept, typed Settings) bool {
	for _, field := range k.Fields {
		value := strings.TrimSpace(typed[field.Name])
		if field.isURL() && kept[field.Name] != "" && value != "" && requested(value) != requested(kept[field.Name]) {
			return true
		}
	}
	return false
}

// requested is an address as a receiver is asked by it: the case of the host does not matter, and a fragment is never sent.
func requested(address string) string {
	u, err := url.Parse(withASCIIHost(address))
	if err != nil {
		return address
	}
	u.Host = strings.ToLower(u.Host)
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}

// Defaults are the settings that the form of a new integration begins with.
func Defaults(k Kind) Settings {
	defaults := Settings{}
	for _, field := range k.Fields {
		defaults[field.Name] = field.Default
	}
	return defaults
}

// CheckSettings returns what is wrong with filled settings, by the name of the field. Hosts are looked up, which can take
// a second. It does not look at email addresses.
func CheckSettings(ctx context.Context, guard *Guard, k Kind, s Settings) map[string]string {
	refused := map[string]string{}
	if LacksBot(k.Key, s) {
		return refused
	}
	for _, field := range k.Fields {
		if reason := field.refuse(ctx, guard, s[field.Name]); reason != "" {
			refused[field.Name] = reason
		}
	}
	return refused
}

// ChatData is the setting of a Telegram integration that holds what a program has sent in place of a bot and a chat. Only the bot that
// made it can read it.
const ChatData = "chat_data"

// LacksBot says that a Telegram integration knows of neither a bot nor a chat, only of what another bot has noted of them: it is kept,
// and sends nothing until somebody enters both.
func LacksBot(kind string, s Settings) bool {
	return kind == KindTelegram && s[ChatData] != "" && s["token"] == "" && s["chat_id"] == ""
}

func (f Field) refuse(ctx context.Context, guard *Guard, value string) string {
	switch {
	case value == "" && f.Required:
		return "Enter the " + f.noun() + "."
	case value == "":
		return ""
	case f.isURL():
		return refuseURL(guard.CheckURL(ctx, value))
	case f.Type == FieldSelect && !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == value }):
		return "Choose one from the list."
	case f.check != nil:
		return f.check(value)
	}
	return ""
}

// noun is the label of the field as it stands within a sentence: "webhook URL", "API key", "HTTP source address".
func (f Field) noun() string {
	first, rest, _ := strings.Cut(f.Label, " ")
	if first == strings.ToUpper(first) {
		return f.Label
	}
	return strings.TrimSpace(strings.ToLower(first) + " " + rest)
}

// refuseURL is what CheckURL of a guard found, as a sentence; empty where it found nothing.
func refuseURL(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrPrivateAddress):
		return "This address is in a private network, to which nothing is sent. Enter a public one, or ask whoever runs the server to allow it."
	}
	return strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + "."
}

var (
	telegramToken = regexp.MustCompile(`^[0-9]{3,20}:[A-Za-z0-9_-]{10,200}$`)
	telegramChat  = regexp.MustCompile(`^(-?[0-9]{1,20}|@[A-Za-z0-9_]{3,100})$`)
	token         = regexp.MustCompile(`^[!-~]{8,500}$`) // goes into a header
)

//nolint:gosec // words for people, no credentials
const notToken = "This does not look right: enter 8 to 500 letters, digits and signs, without spaces."

func matching(pattern *regexp.Regexp, refusal string) func(string) string {
	return func(value string) string {
		if pattern.MatchString(value) {
			return ""
		}
		return refusal
	}
}

// maxTimeout is how many seconds an attempt may take; it leaves time before the lease of the delivery runs out.
const maxTimeout = 20

func checkSeconds(value string) string {
	if n, err := strconv.Atoi(value); err != nil || n < 1 || n > maxTimeout {
		return fmt.Sprintf("Enter a number of seconds from 1 to %d.", maxTimeout)
	}
	return ""
}

// reservedHeaders are set by the console or belong to the connection.
var reservedHeaders = []string{
	"host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "proxy-connection",
	"webhook-id", "webhook-timestamp", "webhook-signature", attemptHeader,
}

// maxHeaders is how many headers can be added to a request.
const maxHeaders = 20

func checkHeaders(value string) string {
	headers, refusal := parseHeaders(value)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if slices.Contains(headers[name], "") {
			return "Enter the value of the header " + name + "."
		}
	}
	return refusal
}

// parseHeaders reads lines of "Name: value", or says what is wrong, without the values.
func parseHeaders(text string) (headers http.Header, refusal string) {
	headers = http.Header{}
	for _, header := range strings.Split(text, "\n") {
		if strings.TrimSpace(header) == "" {
			continue
		}
		name, value, found := strings.Cut(header, ":")
		value = strings.TrimSpace(value)
		switch {
		case name == "":
			return nil, "One of the headers has a value and no name."
		case !found || !httpguts.ValidHeaderFieldName(name):
			name = strings.ReplaceAll(name, colonInName, ":")
			return nil, "“" + name + "” cannot be the name of a header. A name has letters, digits and hyphens, and no spaces."
		case !httpguts.ValidHeaderFieldValue(value):
			return nil, "The value of the header " + name + " has characters that cannot be sent."
		case slices.Contains(reservedHeaders, strings.ToLower(name)):
			return nil, fmt.Sprintf("The console sets the header %s itself. Remove it here.", name)
		}
		headers.Add(name, value)
	}
	if len(headers) > maxHeaders {
		return nil, fmt.Sprintf("Enter at most %d headers.", maxHeaders)
	}
	return headers, ""
}

const (
	// maxCertificates is how long the certificates of authorities may be: dozens of them.
	maxCertificates  = 64 << 10
	certificateBlock = "CERTIFICATE"
)

func checkCertificates(value string) string {
	if len(value) > maxCertificates {
		return fmt.Sprintf("Enter at most %d KB: only the certificate of the authority is needed.", maxCertificates>>10)
	}
	_, refusal := parseCertificates(value)
	return refusal
}

// parseCertificates reads certificates in PEM, at least one and nothing else, or says what is wrong.
func parseCertificates(text string) (pool *x509.CertPool, refusal string) {
	pool = x509.NewCertPool()
	rest := []byte(text)
	for len(bytes.TrimSpace(rest)) > 0 {
		block, after := pem.Decode(rest)
		switch {
		case block == nil:
			return nil, "This is not a certificate in PEM format, which begins with -----BEGIN CERTIFICATE-----."
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, "This holds a private key, which should not leave its server. Enter the certificate of the authority alone."
		case block.Type != certificateBlock:
			return nil, "This holds a " + strings.ToLower(block.Type) + ". Enter the certificate of the authority alone."
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, "One of the certificates is damaged or cut off. Export it again in PEM format."
		}
		pool.AddCert(certificate)
		rest = after
	}
	return pool, ""
}

// The secret of a webhook, as Standard Webhooks writes it: whsec_ and 24 to 64 bytes in base64.
const (
	secretPrefix   = "whsec_"
	secretBytes    = 32
	minSecretBytes = 24
	maxSecretBytes = 64
)

// NewSigningSecret returns a fresh secret that a webhook is signed with.
func NewSigningSecret() string {
	secret := make([]byte, secretBytes)
	rand.Read(secret) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(secret)
}

// signingSecret is the setting of a webhook that holds it.
const signingSecret = "secret"

// secretOverlap is how long requests are also signed with the secret before the current one.
const secretOverlap = 24 * time.Hour

// RotateSecret returns the settings of a webhook with a new signing secret. For 24 hours requests are signed with both,
// so that receivers have time to change; a secret that was replaced within that time is forgotten.
func RotateSecret(s Settings, now time.Time) Settings {
	rotated := maps.Clone(s)
	rotated["previous_secret"], rotated["previous_until"] = s["secret"], strconv.FormatInt(now.Add(secretOverlap).UnixMilli(), 10)
	rotated["secret"] = NewSigningSecret()
	return rotated
}

// parseSigningSecret returns the key in a secret, or false.
func parseSigningSecret(secret string) ([]byte, bool) {
	encoded, found := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	return key, found && err == nil && len(key) >= minSecretBytes && len(key) <= maxSecretBytes
}

func checkSigningSecret(value string) string {
	if _, ok := parseSigningSecret(value); !ok {
		return fmt.Sprintf(
			"A signing secret is %s and %d to %d bytes in base64. Leave the field empty to get a new one.",
			secretPrefix,
			minSecretBytes,
			maxSecretBytes,
		)
	}
	return ""
}
