//! How fast somebody may ask: so many requests a second, more in a burst. Kept in memory, for each process its own.
//!
//! Of each asker one instant is kept, the one at which the burst would be whole again (the generic cell rate
//! algorithm). A request moves it on by what one request is worth, and is refused where it would be too far ahead.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A burst is what this many seconds allow.
const BURST_SECONDS: u32 = 5;
/// Bounds the memory: whoever is whole again is forgotten first, then the half that asked least. A flood of askers does
/// not clear the name of those who asked too much.
const MAX_ASKERS: usize = 100_000;

/// How many requests a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Of one key or token.
    pub key: u32,
    /// Of one key or token, to what a host calls with each request of its own.
    pub metering: u32,
    /// Without a key that is known, from one address.
    pub address: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            key: 100,
            metering: 20_000,
            address: 10,
        }
    }
}

#[derive(Debug)]
pub struct RateLimits {
    pub keys: Limit<String>,
    pub metering: Limit<String>,
    pub addresses: Limit<IpAddr>,
}

impl RateLimits {
    pub fn new(quotas: Quotas) -> Self {
        Self {
            keys: Limit::new("key", quotas.key),
            metering: Limit::new("metering", quotas.metering),
            addresses: Limit::new("address", quotas.address),
        }
    }
}

/// What is left to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub allowed: bool,
    pub left: u32,
    /// Until the burst is whole again, or where it was refused, until the next request is allowed.
    pub wait: Duration,
}

#[derive(Debug)]
pub struct Limit<K> {
    name: &'static str,
    /// As it is told with each answer; of the names here it always makes a header.
    policy: Option<HeaderValue>,
    start: Instant,
    /// What one request is worth, in nanoseconds.
    every: u64,
    burst: u32,
    /// When each asker's burst is whole again, in nanoseconds from the start.
    whole_at: Mutex<HashMap<K, u64>>,
}

impl<K: Eq + Hash> Limit<K> {
    pub fn new(name: &'static str, a_second: u32) -> Self {
        let a_second = a_second.max(1);
        let burst = a_second.saturating_mul(BURST_SECONDS);
        let policy = format!("\"{name}\";q={burst};w={BURST_SECONDS}");
        Self {
            name,
            policy: HeaderValue::try_from(policy).ok(),
            start: Instant::now(),
            every: 1_000_000_000 / u64::from(a_second),
            burst,
            whole_at: Mutex::default(),
        }
    }

    /// Counts a request, unless it is one too many.
    pub fn take(&self, asker: K, now: Instant) -> Standing {
        let now = self.nanos(now);
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= MAX_ASKERS && !whole_at.contains_key(&asker) {
            forget(&mut whole_at, now);
        }
        let at = whole_at.entry(asker).or_insert(now);
        let (standing, next) = self.next(*at, now);
        if standing.allowed {
            *at = next;
        }
        standing
    }

    /// How one more request stands, and when the burst is whole again after it.
    fn next(&self, at: u64, now: u64) -> (Standing, u64) {
        let next = at.max(now) + self.every;
        let earliest = next.saturating_sub(self.every * u64::from(self.burst));
        match earliest > now {
            true => (self.standing(false, at, now), next),
            false => (self.standing(true, next, now), next),
        }
    }

    /// What `take` would say, with nothing counted.
    pub fn look(&self, asker: &K, now: Instant) -> Standing {
        let now = self.nanos(now);
        let whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let at = whole_at.get(asker).copied().unwrap_or(now);
        self.next(at, now).0
    }

    /// Does not count a request after all.
    pub fn give_back(&self, asker: &K) {
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = whole_at.get_mut(asker) {
            *at = at.saturating_sub(self.every);
        }
    }

    fn standing(&self, allowed: bool, at: u64, now: u64) -> Standing {
        let ahead = at.saturating_sub(now);
        let over = ahead.saturating_sub(self.every * u64::from(self.burst.saturating_sub(1)));
        Standing {
            allowed,
            left: self.left(at, now),
            wait: Duration::from_nanos(if allowed { ahead } else { over }),
        }
    }

    fn left(&self, at: u64, now: u64) -> u32 {
        let room = (self.every * u64::from(self.burst)).saturating_sub(at.saturating_sub(now));
        u32::try_from(room / self.every).unwrap_or(self.burst)
    }

    fn nanos(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }

    /// The policy and what is left of it, as structured fields.
    pub fn tell(&self, standing: Standing, headers: &mut HeaderMap) {
        let limit = format!(
            "\"{}\";r={};t={}",
            self.name,
            standing.left,
            whole_seconds(standing.wait)
        );
        let limit = HeaderValue::try_from(limit).ok();
        for (name, value) in [(RATE_LIMIT_POLICY, self.policy.clone()), (RATE_LIMIT, limit)] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
    }
}

fn forget<K: Eq + Hash>(whole_at: &mut HashMap<K, u64>, now: u64) {
    whole_at.retain(|_, at| *at > now);
    if whole_at.len() >= MAX_ASKERS {
        let mut all: Vec<u64> = whole_at.values().copied().collect();
        let half = all.len() / 2;
        let (_, middle, _) = all.select_nth_unstable(half);
        whole_at.retain(|_, at| *at > *middle);
    }
}

/// Rounded up: whoever waits that long is not too early.
pub fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// Somebody has a whole network of IPv6 addresses, and one of IPv4.
pub fn place(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_as_fast_as_allowed() {
        let limit = Limit::new("key", 10);
        let now = limit.start + Duration::from_secs(1_000);
        for left in (0..50).rev() {
            let standing = limit.take(1, now);
            assert_eq!((standing.allowed, standing.left), (true, left));
        }
        let refused = limit.take(1, now);
        assert_eq!((refused.allowed, refused.left), (false, 0));
        assert_eq!(limit.look(&1, now), refused);
        let unseen = limit.look(&2, now);
        assert_eq!(
            (unseen, limit.look(&2, now)),
            (limit.take(3, now), unseen),
            "looking counts nothing"
        );
        assert_eq!(refused.wait, Duration::from_millis(100));
        assert!(limit.take(2, now).allowed, "another asker has its own");
        limit.give_back(&1);
        assert!(limit.take(1, now).allowed && !limit.take(1, now).allowed);
        let later = now + refused.wait;
        assert!(limit.take(1, later).allowed && !limit.take(1, later).allowed);
        let whole = later + Duration::from_secs(5);
        assert_eq!(limit.take(1, whole).left, 49);
    }

    #[test]
    fn never_more_than_the_burst_and_what_the_time_allows() {
        let limit = Limit::new("key", 10);
        let mut allowed = 0;
        for step in 0..10_000u64 {
            let now = limit.start + Duration::from_millis(step * 7);
            allowed += u64::from(limit.take("a", now).allowed);
        }
        // 50 at once, then one in 100 ms of 70 s.
        assert_eq!(allowed, 50 + 9_999 * 7 / 100);
    }

    #[test]
    fn a_flood_of_others_clears_nobodys_name() {
        let limit = Limit::new("address", 10);
        while limit.take(0, limit.start).allowed {}
        for asker in 1..=2 * u32::try_from(MAX_ASKERS).unwrap() {
            limit.take(asker, limit.start);
        }
        assert!(!limit.take(0, limit.start).allowed);
        assert!(limit.whole_at.lock().unwrap().len() <= MAX_ASKERS);
    }

    #[test]
    fn says_what_is_left() {
        let limit = Limit::new("key", 100);
        let mut headers = HeaderMap::new();
        limit.tell(limit.take("a", limit.start), &mut headers);
        assert_eq!(headers[RATE_LIMIT_POLICY], "\"key\";q=500;w=5");
        assert_eq!(headers[RATE_LIMIT], "\"key\";r=499;t=1");
    }

    #[test]
    fn neighbours_in_a_network_share_a_place() {
        let place = |text: &str| place(text.parse().unwrap()).to_string();
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), place("2001:db8:1:2::1"));
        assert_ne!(place("2001:db8:1:3::1"), place("2001:db8:1:2::1"));
        assert_eq!(place("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(place("192.0.2.1"), place("192.0.2.2"));
    }
}
