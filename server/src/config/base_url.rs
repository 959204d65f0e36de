//! Where browsers reach us.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use url::{Host, Url};

/// Without a trailing slash: also the origin that forms must come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: Arc<str>,
    https: bool,
    loopback: bool,
}

impl BaseUrl {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether it names this very machine.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub fn of_address(address: SocketAddr) -> Self {
        let mut address = address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        // A plain socket address over http is always a valid origin; port 80 is not written in one.
        let text = format!("http://{address}");
        let text = text.strip_suffix(":80").unwrap_or(&text);
        Self {
            text: text.into(),
            https: false,
            loopback: address.ip().is_loopback(),
        }
    }
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WANTED: &str = "give a scheme and a host only, as in https://billing.example.com";
        let url = Url::parse(text).map_err(|_| WANTED.to_owned())?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(WANTED.to_owned()),
        };
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(WANTED.to_owned());
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => return Err(WANTED.to_owned()),
        };
        Ok(Self {
            text: url.origin().ascii_serialization().into(),
            https,
            loopback,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::BaseUrl;

    #[test]
    fn a_base_url_is_an_origin_and_nothing_more() {
        let read = |text: &str| text.parse::<BaseUrl>();
        assert_eq!(
            read("https://billing.example.com/").unwrap().as_str(),
            "https://billing.example.com"
        );
        assert_eq!(
            read("https://Billing.Example.com:443").unwrap().as_str(),
            "https://billing.example.com"
        );
        assert_eq!(
            read("http://127.0.0.1:4000").unwrap().as_str(),
            "http://127.0.0.1:4000"
        );
        assert!(read("http://[::1]:4000").unwrap().is_loopback());
        assert!(!read("http://10.0.0.1").unwrap().is_loopback());
        for wrong in [
            "",
            "billing.example.com",
            "ftp://x",
            "https://x/billing",
            "https://x?a=1",
            "https://a:b@x",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_that_means_everywhere_is_reached_here() {
        let of = |address: &str| BaseUrl::of_address(address.parse().unwrap()).as_str().to_owned();
        assert_eq!(of("0.0.0.0:3000"), "http://127.0.0.1:3000");
        assert_eq!(of("[::]:3000"), "http://127.0.0.1:3000");
        assert_eq!(of("[::1]:3000"), "http://[::1]:3000");
        assert_eq!(of("127.0.0.1:80"), "http://127.0.0.1");
    }
}
