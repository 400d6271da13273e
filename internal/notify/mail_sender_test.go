package notify

import (
	"strings"
	"testing"
)

func TestFC161_TheSenderIsOneAddress(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][2]string{
		"no-reply@example.com":                    {"", "no-reply@example.com"},
		"Acme Console <no-reply@example.com>":     {"Acme Console", "no-reply@example.com"},
		` "Acme, Inc." <no-reply@EXAMPLE.com> `:   {"Acme, Inc.", "no-reply@example.com"},
		"no-reply@bücher.example":                 {"", "no-reply@xn--bcher-kva.example"},
		"Bücher <no-reply@bücher.example>":        {"Bücher", "no-reply@xn--bcher-kva.example"},
		"=?utf-8?q?B=C3=BCro?= <ann@c.example>":   {"Büro", "ann@c.example"},
		"<console@mail.example.com>":              {"", "console@mail.example.com"},
		"Acme Console\u200b <no-reply@x.example>": {"Acme Console\u200b", "no-reply@x.example"},
	} {
		if name, address, err := ParseSender(raw); err != nil || name != want[0] || address != want[1] {
			t.Errorf("%q: %q, %q, %v", raw, name, address, err)
		}
	}
	for _, raw := range []string{
		"no-reply", "a@b.example, c@d.example", "no-reply@example.com\n", "no-reply@example.com\r\nBcc: evil@evil.example",
		"Acme\r\n Console <no-reply@example.com>", "Acme, Inc <no-reply@example.com>", "@example.com", "no-reply@", "büro@example.com",
		"no reply@example.com", "Acme <no-reply@example.com> and more",
	} {
		if name, address, err := ParseSender(raw); err == nil || !strings.Contains(err.Error(), "such as no-reply@example.com") {
			t.Errorf("%q is %q, %q: %v", raw, name, address, err)
		}
	}
}
