package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"console/internal/auth"
)

// Arrival is how a request came to the console.
type Arrival struct {
	From         string   `json:"from"`          // address and port of the other end of the connection: a browser, or the last proxy
	Trusted      bool     `json:"trusted"`       // From is that of a configured proxy
	TLS          bool     `json:"tls"`           // the connection is encrypted
	Host         string   `json:"host"`          // the header Host
	Scheme       string   `json:"scheme"`        // what X-Forwarded-Proto says; empty: nothing
	ForwardedFor []string `json:"forwarded_for"` // the elements of X-Forwarded-For
}

// ProbeHeader holds the question of a Probe in the request for /healthz, and the proof in the answer.
const ProbeHeader = "Console-Probe"

// probeValid is how long a question is answered, and how far two machines' clocks may differ.
const probeValid = time.Minute

// ErrStranger says that an answer is not one of a console with the same key.
var ErrStranger = errors.New("no console with this key has answered")

// Probe is how somebody who has the key asks a console how requests come to it, by whichever proxies stand before it. A question holds for
// a minute. Whoever else asks is answered as always, so that nobody learns of proxies behind the one that they talk to.
type Probe struct{ secret []byte }

// NewProbe returns the probe of a key.
func NewProbe(key *auth.Key) Probe { return Probe{key.Derive(auth.Probes)} }

// Question returns the value of ProbeHeader in a request.
func (p Probe) Question(now time.Time) string {
	text := strconv.FormatInt(now.Unix(), 10) + "." + auth.NewToken()
	return text + "." + p.mac("question", text)
}

// asks says whether a value is a question that holds now.
func (p Probe) asks(question string, now time.Time) bool {
	at := strings.LastIndexByte(question, '.')
	if at < 0 || !hmac.Equal([]byte(question[at+1:]), []byte(p.mac("question", question[:at]))) {
		return false
	}
	seconds, _, _ := strings.Cut(question, ".")
	asked, err := strconv.ParseInt(seconds, 10, 64)
	return err == nil && now.Sub(time.Unix(asked, 0)).Abs() <= probeValid
}

// Verify returns what the answer to a question says, or ErrStranger. proof is the value of ProbeHeader in the answer.
func (p Probe) Verify(question, proof string, body []byte) (a Arrival, err error) {
	if !hmac.Equal([]byte(proof), []byte(p.proof(question, body))) {
		return Arrival{}, ErrStranger
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return Arrival{}, fmt.Errorf("read the answer of the console: %w", err)
	}
	return a, nil
}

func (p Probe) proof(question string, body []byte) string {
	return p.mac("answer "+question, string(body))
}

// mac is for one purpose, which holds no line break.
func (p Probe) mac(purpose, text string) string {
	h := hmac.New(sha256.New, p.secret)
	h.Write([]byte(purpose + "\n" + text))
	return hex.EncodeToString(h.Sum(nil))
}

// healthy answers in a word, and whoever has the key how the request came here.
func (h *Console) healthy(c request) error {
	question := c.Request().Header.Get(ProbeHeader)
	if question == "" || !h.Probe.asks(question, h.Now()) {
		return c.String(http.StatusOK, "ok")
	}
	body, err := json.Marshal(h.arrivalOf(c.Request()))
	if err != nil {
		return err
	}
	c.Response().Header().Set(ProbeHeader, h.Probe.proof(question, body))
	return c.JSONBlob(http.StatusOK, body)
}

func (h *Console) arrivalOf(r *http.Request) Arrival {
	a := Arrival{From: r.RemoteAddr, Trusted: h.trusts(peer(r)), TLS: r.TLS != nil, Host: r.Host, Scheme: forwardedScheme(r)}
	for _, element := range strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",") {
		if element = strings.TrimSpace(element); element != "" {
			a.ForwardedFor = append(a.ForwardedFor, element)
		}
	}
	return a
}
