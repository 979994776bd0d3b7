//! Addresses as AWS writes them.

use std::net::IpAddr;

/// `203.0.113.9` or `2001:db8::1`; an IPv4 address in IPv6's clothes is the IPv4 address.
pub fn address_text(ip: IpAddr) -> String {
    let IpAddr::V4(ip) = ip.to_canonical() else {
        return ip.to_string();
    };
    // Every request has one, and formatting it in general takes ten times as long.
    let mut text = String::with_capacity("255.255.255.255".len());
    for (at, number) in ip.octets().into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        if number >= 100 {
            text.push(char::from(b'0' + number / 100));
        }
        if number >= 10 {
            text.push(char::from(b'0' + number / 10 % 10));
        }
        text.push(char::from(b'0' + number % 10));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_the_standard_library_writes_them() {
        for number in 0..=255u8 {
            for octets in [[number, 0, 10, 99], [100, number, 255, number]] {
                let ip = IpAddr::from(octets);
                assert_eq!(address_text(ip), ip.to_string());
            }
        }
        for ip in ["2001:db8::1", "::1", "fe80::a:b"] {
            assert_eq!(address_text(ip.parse().unwrap()), ip);
        }
        let clothed = "::ffff:203.0.113.9".parse().unwrap();
        assert_eq!(address_text(clothed), "203.0.113.9");
    }
}
