// Package input parses and checks what people type: addresses, names, passwords, telephone numbers. Its functions are pure and
// look nothing up. A refusal is a text for whoever typed; "" accepts. Functions that read several fields note refusals by
// the name of the field instead.
package input

// Limits of what people type, in characters (not bytes).
const (
	MaxEmail       = 254 // RFC 5321 §4.5.3.1.3
	MaxName        = 255 // first and last name with the space between them
	MaxTitle       = 255 // the name of the account, a tenant, a group, a trigger, an integration
	MaxDescription = 1000
	MaxPhone       = 40
	MaxPassword    = 256
	maxLocalPart   = 64  // RFC 5321 §4.5.3.1.1
	MaxDomain      = 253 // RFC 1035 §2.3.4, without the dot at the end
	maxLabel       = 63  // between its dots
)

// MaxAddresses is how many addresses ParseAddresses accepts at once.
const MaxAddresses = 50

// garbled is said of bytes that are no UTF-8: nobody could read or search for them.
const garbled = "Some of these characters cannot be read. Type them again."
