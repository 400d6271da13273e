package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"console/internal/input"
)

// ErrPrivateAddress says that a target lies in a network that integrations may not reach.
var ErrPrivateAddress = errors.New("the address is private and not allowed")

// lookupLimit bounds the look-up of a name when a form is saved: the person waits.
const lookupLimit = time.Second

// unroutable are the networks of the IANA special-purpose registries that do not belong to the public internet.
var unroutable = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "3fff::/20",
)

// publicIPv6 is the part of IPv6 that is assigned as public addresses (RFC 4291 §2.4); all else is loopback, local,
// multicast or reserved.
var publicIPv6 = netip.MustParsePrefix("2000::/3")

// carriers are the networks whose addresses stand for an IPv4 address, and where in them it lies (RFC 6052, RFC 3056).
var carriers = []struct {
	network netip.Prefix
	offset  int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},
	{netip.MustParsePrefix("2002::/16"), 2},
}

func prefixes(cidrs ...string) (list []netip.Prefix) {
	for _, cidr := range cidrs {
		list = append(list, netip.MustParsePrefix(cidr))
	}
	return list
}

// Guard keeps integrations away from the networks around this machine: only public addresses and the allowed networks
// are reached. The zero value allows no others.
type Guard struct {
	allowed []netip.Prefix
	lookup  func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// NewGuard returns a guard that also lets through the networks given.
func NewGuard(allowed []netip.Prefix) *Guard {
	g := &Guard{lookup: net.DefaultResolver.LookupNetIP}
	for _, prefix := range allowed {
		g.allowed = append(g.allowed, prefix.Masked())
	}
	return g
}

// CheckURL checks the form of a URL (see the function of that name) and its host (see Check). It is for forms, before
// anything is saved, and can take a second.
func (g *Guard) CheckURL(ctx context.Context, raw string) error {
	if err := CheckURL(raw); err != nil {
		return err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return errURL
	}
	return g.Check(ctx, u.Hostname())
}

// Check returns ErrPrivateAddress for an address, in whatever spelling, or a name of one that may not be reached, and another
// error for what can be neither. A name that does not resolve within a second passes: every connection is checked again
// when it is made.
func (g *Guard) Check(ctx context.Context, host string) error {
	host, err := asciiHost(host)
	if err != nil {
		return err
	}
	host = strings.TrimSuffix(host, ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		return g.checkAddress(addr)
	}
	if addr, ok := parseLegacy(host); ok {
		return g.checkAddress(addr)
	}
	if g.lookup == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	addrs, err := g.lookup(ctx, "ip", host)
	if err != nil {
		return nil
	}
	for _, addr := range addrs {
		if err := g.checkAddress(addr); err != nil {
			return err
		}
	}
	return nil
}

// control is for net.Dialer: it sees the address that is really connected to, whatever a name resolved to before.
func (g *Guard) control(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: it has no address", ErrPrivateAddress)
	}
	return g.checkAddress(target.Addr())
}

func (g *Guard) checkAddress(addr netip.Addr) error {
	if !g.permits(addr.Unmap().WithZone("")) {
		return ErrPrivateAddress
	}
	return nil
}

func (g *Guard) permits(addr netip.Addr) bool {
	contains := func(p netip.Prefix) bool { return p.Contains(addr) }
	if slices.ContainsFunc(g.allowed, contains) {
		return true
	}
	for _, carrier := range carriers {
		if carrier.network.Contains(addr) {
			bytes := addr.As16()
			return g.permits(netip.AddrFrom4([4]byte(bytes[carrier.offset:])))
		}
	}
	if addr.Is6() && !publicIPv6.Contains(addr) {
		return false
	}
	return !slices.ContainsFunc(unroutable, contains)
}

// parseLegacy reads the spellings of an IPv4 address that resolvers of the operating system still take: one to four
// numbers, decimal, octal or hexadecimal, of which the last fills what the others leave (inet_aton(3)).
func parseLegacy(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var ip uint64
	for i, part := range parts {
		width := 8
		if i == len(parts)-1 {
			width = 8 * (5 - len(parts))
		}
		n, err := strconv.ParseUint(part, 0, width)
		if err != nil {
			return netip.Addr{}, false
		}
		ip = ip<<width | n
	}
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}), true
}

// browserHosts maps hosts as browsers do (UTS #46 as the URL standard asks for it): letters, digits and dots that only look like
// those of ASCII become them.
var browserHosts = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckHyphens(false),
	idna.StrictDomainName(false))

// asciiHost returns a host as it is asked for on the network: “１２７。０。０。１” is 127.0.0.1. An IPv6 address stays as it is. What
// holds signs of which no name consists, or hides them behind others, is refused.
func asciiHost(host string) (string, error) {
	if strings.Contains(host, ":") { // only an IPv6 address gets here with one
		return host, nil
	}
	// Mapping takes time with the square of the length, and makes another name of bytes that are no UTF-8.
	if utf8.RuneCountInString(host) > input.MaxDomain || !utf8.ValidString(host) {
		return "", errURL
	}
	mapped, err := browserHosts.ToASCII(host)
	if err != nil || strings.Trim(mapped, ".") == "" || strings.ContainsFunc(mapped, notInHost) {
		return "", errURL
	}
	return mapped, nil
}

func notInHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
}

// withASCIIHost returns a URL with its host as asciiHost returns it, or the URL itself where that changes nothing or is refused.
func withASCIIHost(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	host, err := asciiHost(u.Hostname())
	if err != nil || strings.EqualFold(host, u.Hostname()) {
		return raw
	}
	if port := u.Port(); port != "" {
		host = net.JoinHostPort(host, port)
	}
	u.Host = host
	return u.String()
}

// maxURL is the length of a URL in characters.
const maxURL = 2048

var errURL = errors.New("the URL must be a complete one, such as https://example.com/path")

// CheckURL checks the form of a target: an absolute http or https URL of at most 2048 characters with a host, without
// user name and password, with a port from 1 to 65535 or none, and without backslashes, spaces and control characters, which
// programs read differently. The error is for the form field and does not repeat the URL.
func CheckURL(raw string) error {
	if len(raw) > maxURL {
		return fmt.Errorf("the URL must have at most %d characters", maxURL)
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return errors.New("the URL must not contain spaces, backslashes or control characters")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return errURL // the error of the parser holds the URL
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("the URL must start with http:// or https://")
	}
	if u.Hostname() == "" {
		return errURL
	}
	if _, err := asciiHost(u.Hostname()); err != nil {
		return err
	}
	if u.User != nil {
		return errors.New("the URL must not contain a user name or password")
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || n == 0) {
		return errors.New("the port of the URL must be a number from 1 to 65535")
	}
	return nil
}
