package fake

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Mail is a message as the server received it.
type Mail struct {
	From      string   // of the envelope
	To        []string // of the envelope
	Raw       []byte
	Header    mail.Header
	Subject   string // decoded (RFC 2047)
	Text      string // first text/plain part, decoded; lines end with "\n"
	HTML      string // first text/html part, decoded; lines end with "\n"
	MessageID string // without the angle brackets
}

var links = regexp.MustCompile(`https?://[^\s<>"]+`)

// Link returns the first URL in the text part whose path starts with pathPrefix, or ends the test.
func (m Mail) Link(t testing.TB, pathPrefix string) string {
	t.Helper()
	for _, found := range links.FindAllString(m.Text, -1) {
		link := strings.TrimRight(found, ".,;:!?)")
		if u, err := url.Parse(link); err == nil && strings.HasPrefix(u.Path, pathPrefix) {
			return link
		}
	}
	t.Fatalf("no link to %s in the mail %q:\n%s", pathPrefix, m.Subject, m.Text)
	return ""
}

func parseMail(from string, to []string, raw []byte) (Mail, error) {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("read the header: %w", err)
	}
	m := Mail{From: from, To: to, Raw: raw, Header: message.Header}
	m.MessageID = strings.Trim(m.Header.Get("Message-ID"), "<>")
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return Mail{}, fmt.Errorf("decode the subject: %w", err)
	}
	if err := m.readPart(message.Header.Get, message.Body); err != nil {
		return Mail{}, err
	}
	return m, nil
}

// readPart walks the MIME tree (RFC 2045, RFC 2046). Attachments can be found in Raw only.
func (m *Mail) readPart(header func(string) string, body io.Reader) error {
	mediaType, params, err := mime.ParseMediaType(header("Content-Type"))
	if header("Content-Type") == "" {
		mediaType, err = "text/plain", nil // RFC 2045 §5.2
	}
	if err != nil {
		return fmt.Errorf("read the content type: %w", err)
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		return m.readParts(multipart.NewReader(body, params["boundary"]))
	}
	field := map[string]*string{"text/plain": &m.Text, "text/html": &m.HTML}[mediaType]
	if field == nil || *field != "" || strings.HasPrefix(header("Content-Disposition"), "attachment") {
		return nil
	}
	decoded, err := io.ReadAll(decoder(header("Content-Transfer-Encoding"), body))
	if err != nil {
		return fmt.Errorf("decode the %s part: %w", mediaType, err)
	}
	*field = strings.ReplaceAll(string(decoded), "\r\n", "\n")
	return nil
}

func (m *Mail) readParts(parts *multipart.Reader) error {
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a part: %w", err)
		}
		if err := m.readPart(part.Header.Get, part); err != nil {
			return err
		}
	}
}

func decoder(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	default:
		return body
	}
}
