//! What keys stand for, remembered for a few seconds: a host shows the same key on every call.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use billing::id::ApiKeyId;
use store::api_key::KeyHash;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};

use crate::Actor;

/// A revoked key opens nothing after this, even where nobody hears of it.
const LONGEST: Duration = Duration::from_secs(5);
/// So long a key that was good is no guess: whoever shows it now and then does not wait for those who guess.
const NO_GUESS: Duration = Duration::from_secs(24 * 60 * 60);
/// Bounds the memory; what is over is dropped first, then everything.
const MAX_KEYS: usize = 10_000;

/// Keys share these places by their hashes: few are looked up at once.
const PLACES: usize = 256;

#[derive(Debug)]
pub(crate) struct KeyCache {
    known: Mutex<Known>,
    looking: [AsyncMutex<Looked>; PLACES],
}

/// How the last lookups in a place went.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// When one ended without an answer of the database.
    pub failed_at: Option<Instant>,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
            looking: std::array::from_fn(|_| AsyncMutex::default()),
        }
    }
}

#[derive(Debug, Default)]
struct Known {
    /// Counts what was forgotten: what was read before that is old news.
    forgotten: u64,
    keys: HashMap<KeyHash, Remembered>,
}

#[derive(Debug)]
struct Remembered {
    id: ApiKeyId,
    actor: Actor,
    until: Instant,
    seen: Instant,
}

/// Taken before a key is looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

impl KeyCache {
    /// Held while a key is looked up: whoever shows it meanwhile waits, and finds it known, or that the database is away.
    pub(crate) async fn looking(&self, hash: &KeyHash) -> AsyncMutexGuard<'_, Looked> {
        self.looking[usize::from(hash[0]) % PLACES].lock().await
    }

    pub(crate) fn actor(&self, hash: &KeyHash, now: Instant) -> std::result::Result<Actor, Ticket> {
        let known = self.lock();
        match known.keys.get(hash) {
            Some(found) if now < found.until => Ok(found.actor.clone()),
            _ => Err(Ticket(known.forgotten)),
        }
    }

    /// Whether the key was good not long ago; it opens nothing by that.
    pub(crate) fn knows(&self, hash: &KeyHash, now: Instant) -> bool {
        let known = self.lock();
        known.keys.get(hash).is_some_and(|key| now < key.seen + NO_GUESS)
    }

    /// It is good for nothing any more.
    pub(crate) fn let_go(&self, hash: &KeyHash) {
        let mut known = self.lock();
        known.keys.remove(hash);
    }

    /// Unless anything was forgotten since the ticket: then what was read may be from before.
    pub(crate) fn remember(
        &self,
        ticket: Ticket,
        (hash, id, actor): (KeyHash, ApiKeyId, &Actor),
        (now, lasts): (Instant, Option<Duration>),
    ) {
        let mut known = self.lock();
        if known.forgotten != ticket.0 {
            return;
        }
        if known.keys.len() >= MAX_KEYS {
            known.keys.retain(|_, key| now < key.until);
            if known.keys.len() >= MAX_KEYS {
                known.keys.clear();
            }
        }
        let until = now + lasts.map_or(LONGEST, |lasts| lasts.min(LONGEST));
        let actor = actor.clone();
        let seen = now;
        known.keys.insert(
            hash,
            Remembered {
                id,
                actor,
                until,
                seen,
            },
        );
    }

    pub(crate) fn forget(&self, id: ApiKeyId) {
        let mut known = self.lock();
        known.forgotten += 1;
        known.keys.retain(|_, key| key.id != id);
    }

    /// None of them opens anything unless it is looked up again; who showed a good one guesses no more than before.
    pub(crate) fn forget_all(&self, now: Instant) {
        let mut known = self.lock();
        known.forgotten += 1;
        for key in known.keys.values_mut() {
            key.until = key.until.min(now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(n: u8) -> (KeyHash, ApiKeyId, Actor) {
        (
            [n; 32],
            ApiKeyId::from_uuid(Uuid::from_u128(n.into())),
            Actor::System,
        )
    }

    fn knows(cache: &KeyCache, hash: &KeyHash, now: Instant) -> bool {
        cache.actor(hash, now).is_ok()
    }

    fn ticket(cache: &KeyCache, hash: &KeyHash, now: Instant) -> Ticket {
        cache.actor(hash, now).unwrap_err()
    }

    #[test]
    fn a_key_is_known_for_five_seconds_and_never_past_its_end() {
        let (cache, now) = (KeyCache::default(), Instant::now());
        let (long, long_id, actor) = key(1);
        let (short, short_id, _) = key(2);
        cache.remember(ticket(&cache, &long, now), (long, long_id, &actor), (now, None));
        let second = Duration::from_secs(1);
        cache.remember(
            ticket(&cache, &short, now),
            (short, short_id, &actor),
            (now, Some(second)),
        );
        let almost = Duration::from_millis(1);
        assert!(knows(&cache, &long, now + LONGEST - almost) && !knows(&cache, &long, now + LONGEST));
        assert!(knows(&cache, &short, now + second - almost) && !knows(&cache, &short, now + second));
        // For a day it is no guess.
        assert!(cache.knows(&short, now + NO_GUESS - almost) && !cache.knows(&short, now + NO_GUESS));
        cache.let_go(&short);
        assert!(!cache.knows(&short, now) && cache.knows(&long, now));
        // What may have changed is looked up again; that is no guess either.
        cache.forget_all(now);
        assert!(!knows(&cache, &long, now) && cache.knows(&long, now));
    }

    #[tokio::test]
    async fn a_key_is_looked_up_once_at_a_time() {
        let cache = KeyCache::default();
        let held = cache.looking(&[1; 32]).await;
        let soon = Duration::from_millis(20);
        let again = tokio::time::timeout(soon, cache.looking(&[1; 32])).await;
        assert!(again.is_err());
        drop(cache.looking(&[2; 32]).await);
        drop(held);
        drop(cache.looking(&[1; 32]).await);
    }

    #[test]
    fn what_was_read_before_a_key_was_forgotten_is_not_remembered() {
        let (cache, now) = (KeyCache::default(), Instant::now());
        let (hash, id, actor) = key(1);
        let before = ticket(&cache, &hash, now);
        cache.forget(id);
        cache.remember(before, (hash, id, &actor), (now, None));
        assert!(!knows(&cache, &hash, now));
        cache.remember(ticket(&cache, &hash, now), (hash, id, &actor), (now, None));
        assert!(knows(&cache, &hash, now));
        cache.forget(id);
        assert!(!knows(&cache, &hash, now));
    }
}
