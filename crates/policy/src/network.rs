//! Ranges of IP addresses: `203.0.113.0/24`, `2001:db8::/32`, or one address.

use std::net::IpAddr;

/// A range in one of the two families. The other family is never inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    V4 { start: u32, mask: u32 },
    V6 { start: u128, mask: u128 },
}

impl Network {
    /// Reads a range; bits after the prefix do not matter.
    pub(crate) fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(parse_prefix(prefix)?)),
            None => (text, None),
        };
        match address.parse().ok()? {
            IpAddr::V4(address) => {
                let prefix = prefix.unwrap_or(32);
                let mask = u32::MAX
                    .checked_shl(32_u32.checked_sub(prefix)?)
                    .unwrap_or(0);
                let start = u32::from(address) & mask;
                Some(Network::V4 { start, mask })
            }
            IpAddr::V6(address) => {
                let prefix = prefix.unwrap_or(128);
                let mask = u128::MAX
                    .checked_shl(128_u32.checked_sub(prefix)?)
                    .unwrap_or(0);
                let start = u128::from(address) & mask;
                Some(Network::V6 { start, mask })
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

/// One to three digits; what is too long for the family is seen by the caller.
fn parse_prefix(text: &str) -> Option<u32> {
    let plausible = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    plausible.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(network: &str, address: &str) -> bool {
        Network::parse(network)
            .unwrap()
            .contains(address.parse().unwrap())
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
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "010.0.0.1",
            "a::g",
            "10.0.0.0/255.0.0.0",
            "::1%eth0",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
