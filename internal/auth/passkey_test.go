package auth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/webauthn"
)

// FuzzPasskeyAnswer: whatever a browser sends in answer to a question, none of it passes for a passkey that nobody has.
func FuzzPasskeyAnswer(f *testing.F) {
	site := NewPasskeys("Wallarm", &url.URL{Scheme: "https", Host: "console.example.com"})
	stored, err := json.Marshal(webauthn.Credential{ID: []byte("credential"), PublicKey: []byte("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" +
		strings.Repeat("x", 32) + "\x22\x58\x20" + strings.Repeat("y", 32))})
	if err != nil {
		f.Fatal(err)
	}
	person := PasskeyOwner{Handle: []byte("handle"), Email: "ann@example.com", Name: "Ann", Credentials: [][]byte{stored}}
	added, _, addErr := site.AskNew(person)
	used, _, useErr := site.Ask(person)
	if err := errors.Join(addErr, useErr); err != nil {
		f.Fatal(err)
	}
	client := func(kind string, question []byte) []byte {
		var asked webauthn.SessionData
		if err := json.Unmarshal(question, &asked); err != nil {
			f.Fatal(err)
		}
		return []byte(`{"type":"` + kind + `","challenge":"` + asked.Challenge + `","origin":"https://console.example.com"}`)
	}
	// What an authenticator says of itself: the hash of the host, flags, a counter, and a new credential with its key.
	data := append(HashToken("console.example.com"), "\x45\x00\x00\x00\x01"+strings.Repeat("\x00", 16)+"\x00\x01c\xa0"...)
	attestation := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), append([]byte{byte(len(data))}, data...)...)
	f.Add(client("webauthn.create", added), attestation, data, []byte("signature"))
	f.Add(client("webauthn.get", used), attestation, data[:37], []byte("\x30\x06\x02\x01\x01\x02\x01\x01"))
	f.Add([]byte("{}"), []byte("\xa0"), []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, client, attestation, data, signature []byte) {
		answer := passkeyAnswer(t, client, attestation, data, signature)
		if id, _, err := site.UsedPasskey(person, used, answer); !errors.Is(err, ErrPasskey) || id != nil {
			t.Errorf("%s is taken for the passkey %q: %v", answer, id, err)
		}
		if id, credential, err := site.AddedPasskey(person, added, answer); err != nil && (!errors.Is(err, ErrPasskey) || id != nil || credential != nil) {
			t.Errorf("%s adds %q, %v", answer, id, err)
		}
		for _, raw := range [][]byte{client, attestation} {
			if _, _, err := site.UsedPasskey(person, used, raw); !errors.Is(err, ErrPasskey) {
				t.Errorf("%q is an answer: %v", raw, err)
			}
		}
	})
}

// passkeyAnswer is what a browser sends, to either kind of question.
func passkeyAnswer(t *testing.T, client, attestation, data, signature []byte) []byte {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	id := encode([]byte("credential"))
	answer, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": map[string]string{
		"clientDataJSON": encode(client), "attestationObject": encode(attestation), "authenticatorData": encode(data), "signature": encode(signature),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// Without a site that browsers take for one, nobody has a passkey.
func TestPasskeysWithoutASite(t *testing.T) {
	t.Parallel()
	var none Passkeys
	if none.Usable() {
		t.Error("passkeys of no site are usable")
	}
	if id, _, err := none.AddedPasskey(PasskeyOwner{Handle: []byte("ann")}, []byte("{}"), []byte("{}")); !errors.Is(err, ErrPasskey) {
		t.Errorf("%q is added: %v", id, err)
	}
}
