package fake

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// mailSession is one connection's conversation (RFC 5321).
type mailSession struct {
	server  *MailServer
	conn    net.Conn
	text    *textproto.Conn
	stopped <-chan struct{}

	encrypted, authenticated bool
	from                     string
	to                       []string
}

// hold talks until one of both leaves.
func (s *mailSession) hold() {
	defer func() { _ = s.conn.Close() }() // whoever still talks on it is meant to see it break
	s.text = textproto.NewConn(s.conn)
	if !s.say(AtGreeting, "220 localhost ESMTP") {
		return
	}
	for {
		line, err := s.text.ReadLine()
		if err != nil {
			return
		}
		verb, argument, _ := strings.Cut(line, " ")
		if !s.command(strings.ToUpper(verb), argument) {
			return
		}
	}
}

// command answers one command and says whether the conversation goes on.
func (s *mailSession) command(verb, argument string) bool {
	switch verb {
	case "EHLO":
		if s.server.options.OnlyHELO {
			return s.say(AtHello, "502 5.5.1 Command not implemented")
		}
		return s.say(AtHello, s.extensions()...)
	case "HELO":
		return s.say(AtHello, "250 localhost")
	case "STARTTLS":
		return s.upgrade()
	case "AUTH":
		return s.say(AtAuth, s.authenticate(argument))
	case "MAIL":
		return s.say(AtMail, s.begin(argument))
	case "RCPT":
		return s.say(AtRecipient, s.address(argument))
	case "DATA":
		refused := s.server.fault(AtData, false).Answer != ""
		goOn := s.say(AtData, "354 Go ahead")
		if !goOn || refused {
			return goOn
		}
		return s.receive()
	case "RSET":
		s.from, s.to = "", nil
		return s.say(AtReset, "250 2.0.0 Forgotten")
	case "NOOP":
		return s.say("", "250 2.0.0 Here")
	case "QUIT":
		s.say(AtQuit, "221 2.0.0 Bye")
		return false
	}
	return s.say("", "500 5.5.2 Unknown command")
}

// say answers, unless a fault has it do something else, and says whether the conversation goes on.
func (s *mailSession) say(at Stage, lines ...string) bool {
	fault := s.server.fault(at, true)
	if fault.Answer != "" {
		lines = []string{fault.Answer}
	}
	if fault.Silent && !fault.Close {
		_, _ = io.Copy(io.Discard, s.text.R) // until the client gives up
		return false
	}
	if !fault.Silent {
		for i, line := range lines {
			if i < len(lines)-1 {
				line = line[:3] + "-" + line[4:]
			}
			if s.text.PrintfLine("%s", line) != nil {
				return false
			}
		}
	}
	return !fault.Close
}

func (s *mailSession) extensions() []string {
	o := s.server.options
	lines := []string{"250 localhost"}
	if o.TLS == StartTLS && !s.encrypted {
		lines = append(lines, "250 STARTTLS")
	}
	if o.Username != "" && (s.encrypted || o.TLS == PlainText) {
		lines = append(lines, "250 AUTH "+strings.Join(o.mechanisms(), " "))
	}
	if !o.SevenBit {
		lines = append(lines, "250 8BITMIME")
	}
	if !o.NoUTF8 {
		lines = append(lines, "250 SMTPUTF8")
	}
	return append(lines, "250 ENHANCEDSTATUSCODES")
}

func (s *mailSession) upgrade() bool {
	if s.server.options.TLS != StartTLS || s.encrypted {
		return s.say(AtStartTLS, "502 5.5.1 Command not implemented")
	}
	refused := s.server.fault(AtStartTLS, false).Answer != ""
	goOn := s.say(AtStartTLS, "220 2.0.0 Go ahead")
	if !goOn || refused {
		return goOn
	}
	s.conn = tls.Server(s.conn, s.server.tlsConfig())
	s.text, s.encrypted = textproto.NewConn(s.conn), true
	return true
}

// authenticate carries out AUTH PLAIN (RFC 4616) or LOGIN and returns the answer.
func (s *mailSession) authenticate(argument string) string {
	mechanism, first, _ := strings.Cut(argument, " ")
	o := s.server.options
	if !slices.Contains(o.mechanisms(), strings.ToUpper(mechanism)) {
		return "504 5.5.4 Unrecognized authentication type"
	}
	var username, password string
	if strings.EqualFold(mechanism, "PLAIN") {
		if parts := strings.Split(s.decoded(first, ""), "\x00"); len(parts) == 3 {
			username, password = parts[1], parts[2]
		}
	} else {
		username = s.decoded(first, "Username:")
		password = s.decoded("", "Password:")
	}
	if username != o.Username || password != o.Password {
		return "535 5.7.8 Authentication credentials invalid"
	}
	s.authenticated = true
	return "235 2.7.0 Welcome"
}

// decoded returns what the client has sent in base64, for which it is asked where it has not.
func (s *mailSession) decoded(sent, prompt string) string {
	if sent == "" {
		if s.text.PrintfLine("334 %s", base64.StdEncoding.EncodeToString([]byte(prompt))) != nil {
			return ""
		}
		sent, _ = s.text.ReadLine()
	}
	plain, _ := base64.StdEncoding.DecodeString(sent)
	return string(plain)
}

// begin starts a message, after the upgrade and the sign-in that the server asks for, and returns the answer.
func (s *mailSession) begin(argument string) string {
	switch o := s.server.options; {
	case o.TLS == StartTLS && !s.encrypted:
		return "530 5.7.0 Must issue a STARTTLS command first" // RFC 3207 §4
	case o.Username != "" && !s.authenticated:
		return "530 5.7.0 Authentication required" // RFC 4954 §6
	case !s.server.admit():
		return "450 4.7.1 Too many messages, try again later"
	}
	address, refusal := s.path(argument, "FROM:")
	s.from = address
	return refusal
}

// address adds a recipient unless it is to be refused, and returns the answer.
func (s *mailSession) address(argument string) string {
	to, answer := s.path(argument, "TO:")
	if refusal := s.server.refuses(to); refusal != "" {
		return refusal
	}
	if strings.HasPrefix(answer, "2") {
		s.to = append(s.to, to)
	}
	return answer
}

// path reads the address of MAIL or RCPT and returns the answer.
func (s *mailSession) path(argument, prefix string) (address, answer string) {
	if len(argument) < len(prefix) || !strings.EqualFold(argument[:len(prefix)], prefix) {
		return "", "501 5.5.4 Syntax error"
	}
	address, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(argument[len(prefix):]), "<"), ">")
	if s.server.options.NoUTF8 && !ascii(address) {
		return "", "553 5.6.7 Addresses beyond ASCII are not supported"
	}
	return address, "250 2.1.0 Fine"
}

func ascii[T string | []byte](text T) bool {
	for _, b := range []byte(text) {
		if b >= 0x80 {
			return false
		}
	}
	return true
}

// receive keeps the message, then answers after the delay that SetDelay says. A message that is no valid MIME is refused.
func (s *mailSession) receive() bool {
	text, err := s.text.ReadDotBytes()
	if err != nil {
		return false
	}
	raw := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) // as it came: what reads it has taken the first of both away
	m, err := parseMail(s.from, s.to, raw)
	switch fault := s.server.fault(AtMessage, false); {
	case len(s.to) == 0:
		return s.say(AtMessage, "554 5.5.1 No recipients")
	case err != nil:
		return s.say(AtMessage, fmt.Sprintf("554 5.6.0 %v", err))
	case s.server.options.SevenBit && !ascii(raw):
		return s.say(AtMessage, "554 5.6.1 8-bit data")
	case fault.Answer != "" && !strings.HasPrefix(fault.Answer, "2"):
		return s.say(AtMessage)
	}
	s.server.mails.add(m)
	select {
	case <-time.After(s.server.answerDelay()):
	case <-s.stopped:
		return false
	}
	return s.say(AtMessage, "250 2.0.0 Taken")
}
