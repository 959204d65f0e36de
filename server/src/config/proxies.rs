//! The proxies in front of us that say truly whom they speak for.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// None unless they are named: anyone can send the header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[Network]>);

/// The addresses that share their first bits with this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl TrustedProxies {
    /// Whose request it is: who reached us, or whom the trusted ones in between saw. `forwarded` names the
    /// furthest first, as in X-Forwarded-For; what stands left of the first that is not trusted is hearsay.
    pub fn client(&self, peer: IpAddr, forwarded: &str) -> IpAddr {
        let mut client = peer.to_canonical();
        let mut earlier = forwarded.rsplit(',');
        while self.contains(client) {
            let Some(Ok(seen)) = earlier.next().map(|entry| entry.trim().parse::<IpAddr>()) else {
                break;
            };
            client = seen.to_canonical();
        }
        client
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(|part| part.trim().parse())
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let differing = ours.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let differing = ours.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted =
            || "give addresses or networks with commas between, as in 10.0.0.0/8,192.0.2.7".to_owned();
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wanted())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= all).ok_or_else(wanted)?,
            None => all,
        };
        Ok(Self { address, bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &str) -> String {
        let trusted: TrustedProxies = trusted.parse().unwrap();
        trusted.client(peer.parse().unwrap(), forwarded).to_string()
    }

    #[test]
    fn the_right_most_that_is_not_trusted_is_the_client() {
        let lan = "10.0.0.0/8,2001:db8::/32,192.0.2.7";
        for (peer, forwarded, expected) in [
            ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
            ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
            ("10.1.2.3", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
            (
                "10.1.2.3",
                "6.6.6.6, 198.51.100.1, 192.0.2.7,10.9.9.9",
                "198.51.100.1",
            ),
            ("::ffff:10.1.2.3", "::ffff:198.51.100.1", "198.51.100.1"),
            ("2001:db8::1", "2001:db9::1", "2001:db9::1"),
            ("192.0.2.8", "198.51.100.1", "192.0.2.8"),
            ("10.1.2.3", "", "10.1.2.3"),
            ("10.1.2.3", "198.51.100.1, unknown", "10.1.2.3"),
            ("10.1.2.3", "10.4.4.4", "10.4.4.4"),
        ] {
            assert_eq!(client(lan, peer, forwarded), expected, "{peer} {forwarded}");
        }
        let none = TrustedProxies::default();
        let peer = "10.1.2.3".parse().unwrap();
        assert_eq!(none.client(peer, "198.51.100.1"), peer);
        assert_eq!(client("0.0.0.0/0", "10.1.2.3", "198.51.100.1"), "198.51.100.1");
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in [
            "",
            "proxy",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.1,",
            "::/129",
        ] {
            assert!(wrong.parse::<TrustedProxies>().is_err(), "{wrong}");
        }
    }
}
