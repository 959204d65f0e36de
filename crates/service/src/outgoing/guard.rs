//! What keeps requests to strangers' addresses from reaching what is ours: the address is judged as it is written, and
//! each name again by what it resolves to, in the very look-up that the connection is made by.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::address::is_public;

/// What services that take webhooks listen on.
const PORTS: [u16; 2] = [443, 8443];
const MAX_URL_BYTES: usize = 2_000;

/// Which addresses may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Targets {
    /// https and public addresses alone.
    #[default]
    Public,
    /// Everything, this machine too: for development.
    Any,
}

impl FromStr for Targets {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "public" => Ok(Self::Public),
            "any" => Ok(Self::Any),
            _ => Err("give public, or any for development".to_owned()),
        }
    }
}

/// Why an address is not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the address is no URL of a web server")]
    NoUrl,
    #[error("the address must begin with https://")]
    Scheme,
    #[error("the address must not carry a user or a password")]
    UserInfo,
    #[error("the address must not carry a fragment")]
    Fragment,
    #[error("the port must be 443 or 8443")]
    Port,
    #[error("the address is not on the public internet")]
    NotPublic,
    #[error("the name of the address is not known")]
    Unknown,
}

/// The address, if it may be asked as it is written.
pub fn check_url(text: &str, targets: Targets) -> Result<Url, Refused> {
    if text.len() > MAX_URL_BYTES || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Refused::NoUrl);
    }
    let url = Url::parse(text).map_err(|_| Refused::NoUrl)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(Refused::Fragment);
    }
    let host = url.host().ok_or(Refused::NoUrl)?;
    match (targets, url.scheme()) {
        (_, "https") | (Targets::Any, "http") => {}
        _ => return Err(Refused::Scheme),
    }
    if targets == Targets::Any {
        return Ok(url);
    }
    if !PORTS.contains(&url.port_or_known_default().ok_or(Refused::Port)?) {
        return Err(Refused::Port);
    }
    // However an IPv4 address is written, the parser has made four numbers of it.
    let public = match host {
        Host::Ipv4(ip) => is_public(IpAddr::V4(ip)),
        Host::Ipv6(ip) => is_public(IpAddr::V6(ip)),
        Host::Domain(name) => is_public_name(name),
    };
    if public { Ok(url) } else { Err(Refused::NotPublic) }
}

/// Names that never leave a network are refused before anybody is asked for them.
fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let Some((_, last)) = name.rsplit_once('.') else {
        return false;
    };
    ![
        "localhost",
        "local",
        "internal",
        "localdomain",
        "home",
        "lan",
        "arpa",
        "onion",
    ]
    .contains(&last)
}

/// Who is asked what a name resolves to.
#[derive(Debug, Clone, Default)]
pub enum Lookup {
    #[default]
    System,
    #[cfg(test)]
    Fixed(std::sync::Arc<std::collections::HashMap<String, Vec<IpAddr>>>),
}

impl Lookup {
    async fn look_up(&self, name: &str) -> Result<Vec<SocketAddr>, Refused> {
        match self {
            Self::System => {
                let found = tokio::net::lookup_host((name, 0)).await;
                Ok(found.map_err(|_| Refused::Unknown)?.collect())
            }
            #[cfg(test)]
            Self::Fixed(known) => {
                let found = known.get(name).ok_or(Refused::Unknown)?;
                Ok(found.iter().map(|ip| SocketAddr::new(*ip, 0)).collect())
            }
        }
    }
}

/// Resolves names for the client. What it returns is what is connected to: nobody can change a name's address between
/// the look and the connection.
pub struct GuardedResolver {
    targets: Targets,
    lookup: Lookup,
}

impl GuardedResolver {
    pub fn new(targets: Targets, lookup: Lookup) -> Self {
        Self { targets, lookup }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (targets, lookup) = (self.targets, self.lookup.clone());
        Box::pin(async move {
            let found = lookup.look_up(name.as_str()).await?;
            if found.is_empty() {
                return Err(Refused::Unknown.into());
            }
            // One that is not public among them is a trick, not an oversight.
            if targets == Targets::Public && !found.iter().all(|address| is_public(address.ip())) {
                return Err(Refused::NotPublic.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}
