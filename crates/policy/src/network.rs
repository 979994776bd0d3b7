//! Ranges of IP addresses: `203.0.113.0/24`, `2001:db8::/32`, or one address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range in one of the two families. The other family is never inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    V4 { start: u32, mask: u32 },
    V6 { start: u128, mask: u128 },
}

impl Network {
    /// Reads a range. Bits after the prefix do not matter in an IPv4 address and may not be
    /// set in an IPv6 one, which may not be written with an IPv4 one in it either.
    pub(crate) fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            // The prefix may have a plus sign and leading zeros.
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        match parse_address(address)? {
            IpAddr::V4(address) => {
                let prefix = prefix.unwrap_or(32);
                let mask = u32::MAX
                    .checked_shl(32_u32.checked_sub(prefix)?)
                    .unwrap_or(0);
                let start = u32::from(address) & mask;
                Some(Network::V4 { start, mask })
            }
            IpAddr::V6(_) if text.contains('.') => None,
            IpAddr::V6(address) => {
                let prefix = prefix.unwrap_or(128);
                let mask = u128::MAX
                    .checked_shl(128_u32.checked_sub(prefix)?)
                    .unwrap_or(0);
                let start = u128::from(address);
                (start & !mask == 0).then_some(Network::V6 { start, mask })
            }
        }
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self, address) {
            (Network::V4 { start, mask }, IpAddr::V4(address)) => {
                u32::from(address) & mask == *start
            }
            (Network::V6 { start, mask }, IpAddr::V6(address)) => {
                u128::from(address) & mask == *start
            }
            (Network::V4 { .. }, IpAddr::V6(_)) | (Network::V6 { .. }, IpAddr::V4(_)) => false,
        }
    }
}

/// Reads an address as AWS does: the numbers of an IPv4 address are decimal, leading zeros or
/// not, and stand in an IPv6 address only where that is a mapped one.
pub(crate) fn parse_address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        let address: Ipv6Addr = text.parse().ok()?;
        let plain = !text.contains('.') || address.to_ipv4_mapped().is_some();
        return plain.then_some(IpAddr::V6(address));
    }
    let mut parts = text.split('.');
    let mut octets = [0; 4];
    for octet in &mut octets {
        let part = parts.next()?;
        let plausible = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        *octet = part.parse().ok().filter(|_| plausible)?;
    }
    parts
        .next()
        .is_none()
        .then(|| IpAddr::V4(Ipv4Addr::from(octets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(network: &str, address: &str) -> bool {
        Network::parse(network)
            .unwrap()
            .contains(parse_address(address).unwrap())
    }

    #[test]
    fn addresses_are_inside_by_their_leading_bits() {
        assert!(inside("203.0.113.0/24", "203.0.113.255"));
        assert!(!inside("203.0.113.0/24", "203.0.114.0"));
        assert!(inside("203.0.113.77/24", "203.0.113.1"));
        assert!(inside("0.0.0.0/0", "255.255.255.255"));
        assert!(inside("10.0.0.1", "10.0.0.1"));
        assert!(!inside("10.0.0.1", "10.0.0.2"));
        assert!(inside(
            "2001:DB8:1234:5678::/64",
            "2001:db8:1234:5678:9:a:b:c"
        ));
        assert!(inside("::/0", "ffff::1"));
        assert!(inside("::1", "0:0:0:0:0:0:0:1"));
    }

    /// IAM answered so on September 12, 2026, asked to tag a user within session policies
    /// and to keep policies.
    #[test]
    fn spellings_are_taken_as_aws_takes_them() {
        for range in [
            "192.000.002.0/24",
            "192.000.002.1",
            "192.0.2.0/024",
            "192.0.2.0/+24",
            "192.0.2.5/24",
        ] {
            assert!(inside(range, "192.0.2.1"), "{range}");
        }
        assert!(inside("192.0.2.0/24", "192.000.2.1"));
        assert!(inside("2001:DB8::/064", "2001:0db8:0:0:0:0:0:1"));
        assert!(inside("2001:db8::4/127", "2001:db8::5"));
        assert!(!inside("2001:db8::4/127", "2001:db8::6"));
        assert!(Network::parse("::ffff:c000:200/120").is_some());
        for address in [
            "192.0.513",
            "3221225985",
            "192.0.2.1/32",
            "::192.0.2.1",
            "2001:db8::192.0.2.1",
            "2001:db8::::1",
            "2001::db8::1",
            "::ffff:::192.0.2.1",
            "not-an-ip",
            "",
        ] {
            assert_eq!(parse_address(address), None, "{address}");
        }
        assert!(parse_address("::ffff:192.0.2.1").is_some());
    }

    #[test]
    fn the_other_family_is_never_inside() {
        assert!(!inside("0.0.0.0/0", "::ffff:10.0.0.1"));
        assert!(!inside("::/0", "10.0.0.1"));
    }

    #[test]
    fn what_is_not_a_range_is_none() {
        for text in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/-0",
            "10.0.0.0/8/8",
            "0010.0.0.1",
            "10.0.0.1.1",
            "10.0.0.+1",
            "2001:db8::5/64",
            "2001:db8::1/0",
            "::ffff:192.0.2.0/120",
            "::ffff:192.0.2.1",
            "2001:db8::192.0.2.0/120",
            "a::g",
            "10.0.0.0/255.0.0.0",
            "::1%eth0",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
