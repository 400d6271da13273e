package cli

import (
	"fmt"
	"net/netip"
	"strings"
)

// Networks is a list of networks in an option. An address counts as a network of one.
type Networks []netip.Prefix

// UnmarshalText adds the networks that text lists, with commas or spaces between them. Quotation marks do not matter, as files of
// variables leave them there. The error names what is no network, and how one is written.
func (n *Networks) UnmarshalText(text []byte) error {
	between := func(r rune) bool { return strings.ContainsRune(",; \t\r\n\"'", r) }
	for _, typed := range strings.FieldsFunc(string(text), between) {
		network, err := netip.ParsePrefix(typed)
		if err != nil {
			address, notAddress := netip.ParseAddr(typed)
			if notAddress != nil {
				return fmt.Errorf("%q is no network: write one like 10.0.0.0/8, and a single address like 10.0.0.5/32", typed)
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		*n = append(*n, unmapped(network))
	}
	return nil
}

// unmapped is a network of IPv4 where it is written as one of IPv6: addresses are compared as the former.
func unmapped(network netip.Prefix) netip.Prefix {
	const mapped = 96 // bits before the address of IPv4
	if network.Addr().Is4In6() && network.Bits() >= mapped {
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-mapped)
	}
	return network.Masked()
}
