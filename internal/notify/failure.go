package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// Failure is why an attempt did not deliver. Reason is a short text for people: it never holds a URL, a secret, or what
// the other side wrote.
type Failure struct {
	Reason     string
	Status     int           // code of the HTTP answer or of the mail server; 0 without one
	Permanent  bool          // another attempt cannot succeed
	Holds      bool          // it is about the server, not about the message or its recipient: the target is held
	Uncounted  bool          // it says nothing about whether the integration works
	RetryAfter time.Duration // for how long the server asked to be left alone; 0 when it did not say
}

func (f *Failure) Error() string { return f.Reason }

// sendLimit is how long one attempt may take from connecting to the last byte of the answer.
const sendLimit = 10 * time.Second

// connectionFailures says what went wrong between two machines, by the error found in the chain.
var connectionFailures = []struct {
	err    error
	reason string
}{
	{context.Canceled, "interrupted"},
	{syscall.ECONNREFUSED, "connection refused"},
	{syscall.ECONNRESET, "connection closed by the other side"},
	{syscall.EPIPE, "connection closed by the other side"},
	{io.EOF, "connection closed by the other side"},
	{io.ErrUnexpectedEOF, "connection closed by the other side"},
	{syscall.EHOSTUNREACH, "host unreachable"},
	{syscall.ENETUNREACH, "network unreachable"},
}

// mailConnection is the connection to the mail server.
var mailConnection = connection{connect: sendLimit, total: sendLimit}

// connectionFailure describes an error of the connection to the mail server.
func connectionFailure(err error) *Failure { return mailConnection.failure(err) }

// failure describes err without its text, which may hold the URL or an address. Where no connection came about, it is about
// the server.
func (c connection) failure(err error) *Failure {
	f := c.reason(err)
	f.Holds = !f.Permanent && unconnected(err)
	return f
}

// unconnected says whether err is from before anything was sent.
func unconnected(err error) bool {
	dial, name, certificate := (*net.OpError)(nil), (*net.DNSError)(nil), (*tls.CertificateVerificationError)(nil)
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &name) || errors.As(err, &certificate) ||
		errors.As(err, new(tls.RecordHeaderError))
}

func (c connection) reason(err error) *Failure {
	if errors.Is(err, ErrPrivateAddress) {
		return &Failure{Reason: ErrPrivateAddress.Error(), Permanent: true}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return c.timedOut(err)
	}
	for _, known := range connectionFailures {
		if errors.Is(err, known.err) {
			return &Failure{Reason: known.reason}
		}
	}
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		return &Failure{Reason: "the server's certificate is not trusted"}
	}
	if record := (tls.RecordHeaderError{}); errors.As(err, &record) {
		return &Failure{Reason: "the server does not speak TLS on this port"}
	}
	if name := (*net.DNSError)(nil); errors.As(err, &name) {
		return &Failure{Reason: "the name of the host could not be resolved"}
	}
	if slow := (net.Error)(nil); errors.As(err, &slow) && slow.Timeout() {
		return c.timedOut(err)
	}
	return &Failure{Reason: "the connection failed"}
}

// timedOut says which of the two limits has passed.
func (c connection) timedOut(err error) *Failure {
	limit := c.total
	if dial := (*net.OpError)(nil); errors.As(err, &dial) && dial.Op == "dial" {
		limit = min(c.connect, c.total)
	}
	return &Failure{Reason: fmt.Sprintf("timed out after %d s", int(limit.Seconds()))}
}
