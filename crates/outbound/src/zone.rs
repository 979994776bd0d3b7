//! Zones: what kind of network an IP address belongs to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// What kind of network an IP address belongs to, and with it who may be sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Reachable by anybody; no permission needed.
    Public,
    /// This machine. Needs an allowed origin.
    Loopback,
    /// Networks of the operator's own (RFC 1918, unique local, shared address space).
    /// Needs an allowed origin.
    Private,
    /// Never a place to fetch from, whatever the configuration says: link-local and
    /// metadata services, multicast, unspecified, reserved and documentation ranges, and
    /// IPv6 forms that smuggle an IPv4 address. Holds the range's name.
    Never(&'static str),
}

/// Addresses outside the link-local range where clouds serve machine credentials.
const METADATA_V4: &[(Ipv4Addr, &str)] = &[
    (Ipv4Addr::new(100, 100, 100, 200), "metadata service"),
    (Ipv4Addr::new(168, 63, 129, 16), "metadata service"),
];

/// Special ranges of the IANA IPv4 registry that are neither loopback nor private.
const NEVER_V4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), "unspecified"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(192, 0, 0, 0, 24), "reserved"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 88, 99, 0, 24), "6to4 relay"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
];

const PRIVATE_V4: &[Ipv4Net] = &[
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(172, 16, 0, 0, 12),
    v4(192, 168, 0, 0, 16),
];

/// Where the EC2 metadata service and its relatives live in IPv6: inside the unique local
/// range, so it is looked at before that one.
const METADATA_V6: Ipv6Net = v6(0xfd00, 0x0ec2, 32);
const UNIQUE_LOCAL: Ipv6Net = v6(0xfc00, 0, 7);

/// All of IPv6 that is handed out for public use. Everything outside is special, so a
/// range that nobody thought of is refused.
const GLOBAL_UNICAST: Ipv6Net = v6(0x2000, 0, 3);

/// Special ranges within [`GLOBAL_UNICAST`].
const NEVER_V6: &[(Ipv6Net, &str)] = &[
    (v6(0x2001, 0, 23), "reserved"),
    (v6(0x2001, 0x0db8, 32), "documentation"),
    (v6(0x2002, 0, 16), "6to4"),
    (v6(0x3fff, 0, 20), "documentation"),
];

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(first: u16, second: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), bits)
}

impl Zone {
    /// The zone of `address`.
    pub fn of(address: IpAddr) -> Zone {
        match address {
            IpAddr::V4(address) => Zone::of_v4(address),
            IpAddr::V6(address) => Zone::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Zone {
        if address.is_loopback() {
            return Zone::Loopback;
        }
        if let Some((_, name)) = METADATA_V4.iter().find(|(known, _)| *known == address) {
            return Zone::Never(name);
        }
        if let Some((_, name)) = NEVER_V4.iter().find(|(net, _)| net.contains(&address)) {
            return Zone::Never(name);
        }
        if PRIVATE_V4.iter().any(|net| net.contains(&address)) {
            return Zone::Private;
        }
        Zone::Public
    }

    fn of_v6(address: Ipv6Addr) -> Zone {
        if address.is_loopback() {
            return Zone::Loopback;
        }
        if METADATA_V6.contains(&address) {
            return Zone::Never("metadata service");
        }
        if UNIQUE_LOCAL.contains(&address) {
            return Zone::Private;
        }
        if !GLOBAL_UNICAST.contains(&address) {
            // Unspecified, IPv4-mapped and -compatible, NAT64, discard, link-local,
            // site-local, multicast and all that is not assigned yet.
            return Zone::Never("not global unicast");
        }
        match NEVER_V6.iter().find(|(net, _)| net.contains(&address)) {
            Some((_, name)) => Zone::Never(name),
            None => Zone::Public,
        }
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Zone::Public => "public",
            Zone::Loopback => "loopback",
            Zone::Private => "private",
            Zone::Never(name) => name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> Zone {
        Zone::of(text.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.15",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80b::200e",
            "2001:4860:4860::8888",
            "2001:200::1",
        ] {
            assert_eq!(zone(address), Zone::Public, "{address}");
        }
    }

    #[test]
    fn loopback_and_private_addresses_need_an_allowed_origin() {
        for address in ["127.0.0.1", "127.255.255.254", "::1"] {
            assert_eq!(zone(address), Zone::Loopback, "{address}");
        }
        for address in [
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "fc00::1",
            "fd12:3456:789a::1",
            "fdff::1",
        ] {
            assert_eq!(zone(address), Zone::Private, "{address}");
        }
    }

    #[test]
    fn special_addresses_are_never_a_destination() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "4000::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(matches!(zone(address), Zone::Never(_)), "{address}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_standard_library_knows_no_public_address_as_special(bits: u32) {
            let address = Ipv4Addr::from(bits);
            let special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_unspecified();
            let zone = Zone::of(address.into());
            proptest::prop_assert!(!special || zone != Zone::Public, "{address}");
            // However an IPv4 address is dressed as an IPv6 one, it is no destination.
            for dressed in [address.to_ipv6_mapped(), address.to_ipv6_compatible()] {
                let zone = Zone::of(dressed.into());
                proptest::prop_assert!(zone != Zone::Public && zone != Zone::Private, "{dressed}");
            }
        }
    }
}
