package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// ErrPasskey says that what a browser sent is no answer of one of the person's passkeys to the question asked.
var ErrPasskey = errors.New("the passkey was not accepted")

// Passkeys asks passkeys and checks their answers (WebAuthn Level 3). The zero value cannot: the console is reached by
// an address that passkeys cannot be bound to.
type Passkeys struct{ site *webauthn.WebAuthn }

// NewPasskeys returns Passkeys for the console at base. Passkeys belong to a host name: with a number for a host there
// are none.
func NewPasskeys(brand string, base *url.URL) Passkeys {
	site, err := webauthn.New(&webauthn.Config{
		RPID: base.Hostname(), RPDisplayName: brand, RPOrigins: []string{base.Scheme + "://" + base.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:      protocol.ResidentKeyRequirementDiscouraged,
			UserVerification: protocol.VerificationPreferred, // a second factor: the password came first
		},
	})
	if err != nil {
		return Passkeys{}
	}
	return Passkeys{site}
}

// Usable says whether passkeys can be used at all.
func (p Passkeys) Usable() bool { return p.site != nil }

// PasskeyOwner is the person whose passkeys are asked. Credentials are as AddedPasskey and UsedPasskey return them.
type PasskeyOwner struct {
	Handle      []byte // at most 64 bytes; not the email address
	Email, Name string
	Credentials [][]byte
}

type owner struct {
	PasskeyOwner
	credentials []webauthn.Credential
}

func (o owner) WebAuthnID() []byte                         { return o.Handle }
func (o owner) WebAuthnName() string                       { return o.Email }
func (o owner) WebAuthnDisplayName() string                { return o.Name }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }

func (p PasskeyOwner) decode() (owner, error) {
	o := owner{PasskeyOwner: p, credentials: make([]webauthn.Credential, len(p.Credentials))}
	for i, stored := range p.Credentials {
		if err := json.Unmarshal(stored, &o.credentials[i]); err != nil {
			return owner{}, fmt.Errorf("stored passkey: %w", err)
		}
	}
	return o, nil
}

// AskNew asks for a new passkey. The question stays on the server, the options go to the browser.
func (p Passkeys) AskNew(person PasskeyOwner) (question, options []byte, err error) {
	o, err := person.decode()
	if err != nil {
		return nil, nil, err
	}
	creation, session, err := p.site.BeginRegistration(o, webauthn.WithExclusions(webauthn.Credentials(o.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	return encoded(session, creation.Response)
}

// Ask asks for one of the person's passkeys.
func (p Passkeys) Ask(person PasskeyOwner) (question, options []byte, err error) {
	o, err := person.decode()
	if err != nil {
		return nil, nil, err
	}
	assertion, session, err := p.site.BeginLogin(o)
	if err != nil {
		return nil, nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	return encoded(session, assertion.Response)
}

func encoded(session *webauthn.SessionData, forBrowser any) (question, options []byte, err error) {
	if question, err = json.Marshal(session); err != nil {
		return nil, nil, err
	}
	options, err = json.Marshal(forBrowser)
	return question, options, err
}

// AddedPasskey returns the new passkey that answers a question of AskNew, or ErrPasskey. What it returns is public.
func (p Passkeys) AddedPasskey(person PasskeyOwner, question, answer []byte) (id, credential []byte, err error) {
	o, session, err := p.asked(person, question)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, nil, errors.Join(ErrPasskey, err)
	}
	added, err := p.site.CreateCredential(o, session, parsed)
	if err != nil {
		return nil, nil, errors.Join(ErrPasskey, err)
	}
	credential, err = json.Marshal(added)
	return added.ID, credential, err
}

// UsedPasskey returns which passkey answers a question of Ask, and how it is to be stored from now on, or ErrPasskey.
func (p Passkeys) UsedPasskey(person PasskeyOwner, question, answer []byte) (id, credential []byte, err error) {
	o, session, err := p.asked(person, question)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, nil, errors.Join(ErrPasskey, err)
	}
	used, err := p.site.ValidateLogin(o, session, parsed)
	if err != nil {
		return nil, nil, errors.Join(ErrPasskey, err)
	}
	if used.Authenticator.CloneWarning { // its counter went back: somebody else has a copy (WebAuthn §6.1.1)
		return nil, nil, ErrPasskey
	}
	credential, err = json.Marshal(used)
	return used.ID, credential, err
}

func (p Passkeys) asked(person PasskeyOwner, question []byte) (o owner, session webauthn.SessionData, err error) {
	if !p.Usable() {
		return o, session, ErrPasskey
	}
	if o, err = person.decode(); err != nil {
		return o, session, err
	}
	return o, session, json.Unmarshal(question, &session)
}
