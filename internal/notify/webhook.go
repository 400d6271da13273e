package notify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// attemptHeader says which attempt a request is. All else that a receiver reads is the same in every attempt, but for
// the time of the request and its signature.
const attemptHeader = "webhook-attempt"

// webhookEvents is how many events one request carries at most.
const webhookEvents = 100

var webhookFormats = map[string]struct {
	contentType              string
	opening, between, ending string
}{
	"json":   {"application/json", "[", ",", "]"},
	"ndjson": {"application/x-ndjson", "", "\n", "\n"},
}

func writeWebhook(l letter) (request, error) {
	format := webhookFormats[l.settings["format"]]
	var items [][]byte
	for _, m := range l.events {
		item, err := encode(m.event())
		if err != nil {
			return request{}, err
		}
		items = append(items, item)
	}
	body := format.opening + string(bytes.Join(items, []byte(format.between))) + format.ending
	headers, refusal := parseHeaders(l.settings["headers"])
	if refusal != "" {
		return request{}, errors.New("a request header is not valid")
	}
	for name, value := range map[string]string{
		"Content-Type": format.contentType, "webhook-id": l.id,
		"webhook-timestamp": strconv.FormatInt(l.now.Unix(), 10), attemptHeader: strconv.Itoa(l.attempt),
	} {
		headers.Set(name, value)
	}
	if signature := signatures(l.settings, l.id, l.now, body); signature != "" {
		headers.Set("webhook-signature", signature)
	}
	return request{
		method: strings.ToUpper(
			l.settings["method"],
		),
		url:    l.settings["url"],
		header: headers,
		body:   []byte(body),
		over:   webhookConnection(l.settings),
	}, nil
}

// signatures are those that Standard Webhooks asks for, by the current secret and, for a time, the one before. It is
// written here and not taken from that project's library, which knows one secret only: joining two calls of it is no
// shorter.
func signatures(s Settings, id string, now time.Time, body string) string {
	secrets := []string{s["secret"]}
	if until, err := strconv.ParseInt(s["previous_until"], 10, 64); err == nil && now.UnixMilli() < until {
		secrets = append(secrets, s["previous_secret"])
	}
	var all []string
	for _, secret := range secrets {
		if key, ok := parseSigningSecret(secret); ok {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(id + "." + strconv.FormatInt(now.Unix(), 10) + "." + body))
			all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		}
	}
	return strings.Join(all, " ")
}

func webhookConnection(s Settings) connection {
	c := connection{connect: seconds(s["connection_timeout"], standard.connect), total: seconds(s["request_timeout"], standard.total)}
	if c.unverified = s["verify_tls"] != "1"; !c.unverified {
		c.authorities = s["ca_certificate"]
	}
	return c
}

func seconds(value string, otherwise time.Duration) time.Duration {
	if n, err := strconv.Atoi(value); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return otherwise
}
