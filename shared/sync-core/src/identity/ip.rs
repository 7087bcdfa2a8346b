use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What becomes of an IP address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ip<'a> {
    /// It goes as given, without the blanks at its ends.
    Public(&'a str),
    /// It is left out, and why.
    Dropped(&'static str),
}

/// Reads an IP address. Public ones go as given; documentation ranges count as public, and an IPv4 address inside of
/// an IPv6 one is judged as the IPv4 address.
pub fn ip(text: &str) -> Ip<'_> {
    let text = text.trim();
    let reason = match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => v4(address),
        Ok(IpAddr::V6(address)) => v6(address),
        Err(_) if text.contains([',', ';', '|']) || text.split_whitespace().nth(1).is_some() => {
            Some("The value holds several IP addresses; give the visitor's own one")
        }
        Err(_) => Some("This is no IP address; it is left out"),
    };
    reason.map_or(Ip::Public(text), Ip::Dropped)
}

/// Why an IPv4 address is not public, by IANA's registry of special addresses.
fn v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("The unspecified IP address names no visitor; it is left out"),
        [127, ..] => Some("A loopback IP address names no visitor; it is left out"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => {
            Some("A private IP address names no visitor; it is left out")
        }
        [100, 64..=127, ..] => {
            Some("An IP address shared by a carrier's customers names no visitor; it is left out")
        }
        [169, 254, ..] => Some("A link-local IP address names no visitor; it is left out"),
        [224..=239, ..] => Some("A multicast IP address names no visitor; it is left out"),
        [240..=255, ..] | [192, 0, 0, _] | [198, 18..=19, ..] => {
            Some("A reserved IP address names no visitor; it is left out")
        }
        _ => None,
    }
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(inner) = address.to_ipv4_mapped() {
        return v4(inner);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("The unspecified IP address names no visitor; it is left out"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("A loopback IP address names no visitor; it is left out"),
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => {
            Some("A private IP address names no visitor; it is left out")
        }
        [0xfe80..=0xfebf, ..] => Some("A link-local IP address names no visitor; it is left out"),
        [0xff00..=0xffff, ..] => Some("A multicast IP address names no visitor; it is left out"),
        [0, ..] | [0x100, 0, 0, 0, ..] => Some("A reserved IP address names no visitor; it is left out"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_go_as_given() {
        for text in [
            "8.8.8.8",
            "203.0.113.9",
            "192.0.2.1",
            "198.51.100.7",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "2001:db8::1",
            "2A00:1450:4001:0806:0000:0000:0000:200E",
            "::ffff:203.0.113.9",
            "::FFFF:cb00:7109",
            "64:ff9b::808:808",
        ] {
            assert_eq!(ip(text), Ip::Public(text));
            assert_eq!(ip(&format!(" {text}\t")), Ip::Public(text));
        }
    }

    #[test]
    fn all_others_are_dropped_with_the_reason() {
        for (text, part) in [
            ("10.1.2.3", "private"),
            ("172.16.0.1", "private"),
            ("192.168.1.1", "private"),
            ("127.0.0.1", "loopback"),
            ("169.254.1.1", "link-local"),
            ("100.64.0.1", "carrier"),
            ("0.0.0.0", "unspecified"),
            ("255.255.255.255", "reserved"),
            ("224.0.0.1", "multicast"),
            ("198.18.0.1", "reserved"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("fd00::1", "private"),
            ("fe80::1", "link-local"),
            ("ff02::1", "multicast"),
            ("::ffff:10.0.0.1", "private"),
            ("203.0.113.9, 8.8.8.8", "several"),
            ("203.0.113.9 8.8.8.8", "several"),
            ("203.0.113.9:443", "no IP"),
            ("[2001:db8::1]", "no IP"),
            ("203.0.113.9/32", "no IP"),
            ("203.0.113", "no IP"),
            ("203.0.113.256", "no IP"),
            ("203.000.113.009", "no IP"),
            ("fe80::1%eth0", "no IP"),
            ("unknown", "no IP"),
            ("", "no IP"),
        ] {
            let Ip::Dropped(reason) = ip(text) else {
                panic!("{text} went")
            };
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }
}
