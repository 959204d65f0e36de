//! Password hashes: argon2id, a few at a time, off the async threads.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result};

/// OWASP's choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashing at the same time: more would take the cores from everybody else.
const AT_ONCE: usize = 2;
/// Waiting for their turn: a second or two of work; whoever comes later is sent away.
const MAX_WAITING: usize = 64;

/// What a password is compared with when there is no such login, so that both answers cost the same.
/// The hash of random bytes that nobody kept.
pub(crate) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Izk4bokwt73puLVAvSt6Mw$QdT7UnK8PKDzRqqc/grFujPJY8uhqTc+BSGxLM26Ac8";

#[derive(Debug)]
pub(super) struct Passwords {
    running: Arc<Semaphore>,
    present: Arc<Semaphore>,
}

/// A comparison, and whether the hash should be made anew because the parameters moved on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Right { outdated: bool },
    Wrong,
}

impl Default for Passwords {
    fn default() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self {
            running: semaphore(AT_ONCE),
            present: semaphore(AT_ONCE + MAX_WAITING),
        }
    }
}

impl Passwords {
    pub(super) async fn hash(&self, password: &SecretString) -> Result<String> {
        let password = password.clone();
        self.run(move || {
            let hash = argon2()?.hash_password(password.expose_secret().as_bytes());
            Ok(hash
                .map_err(|_| Error::Internal("hashing a password"))?
                .to_string())
        })
        .await
    }

    pub(super) async fn verify(&self, password: &SecretString, hash: &str) -> Result<Verdict> {
        let (password, hash) = (password.clone(), hash.to_owned());
        self.run(move || {
            let hash = PasswordHash::new(&hash).map_err(|_| Error::Internal("a stored password hash"))?;
            match argon2()?.verify_password(password.expose_secret().as_bytes(), &hash) {
                Ok(()) => Ok(Verdict::Right {
                    outdated: outdated(&hash),
                }),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(Verdict::Wrong),
                Err(_) => Err(Error::Internal("comparing a password")),
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let present = self
            .present
            .clone()
            .try_acquire_owned()
            .map_err(|_| Error::TooMany)?;
        let turn = self
            .running
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Error::Internal("no turn to hash"))?;
        // The permits go along: the work is not stopped when the request that waits for it is.
        let held: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (present, turn);
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(held);
            result
        });
        done.await.map_err(|_| Error::Internal("hashing stopped"))?
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| Error::Internal("hash parameters"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn outdated(hash: &PasswordHash) -> bool {
    let wanted = Params::new(MEMORY_KIB, PASSES, LANES, None);
    let same = matches!((Params::try_from(hash), wanted), (Ok(found), Ok(wanted))
        if (found.m_cost(), found.t_cost(), found.p_cost()) == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost()));
    hash.algorithm.as_str() != "argon2id" || !same
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn hashes_as_owasp_asks_and_compares() {
        let passwords = Passwords::default();
        let hash = passwords.hash(&secret("пароль, 12 знаков")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let verdict = passwords
            .verify(&secret("пароль, 12 знаков"), &hash)
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::Right { outdated: false });
        assert_eq!(
            passwords.verify(&secret("another"), &hash).await.unwrap(),
            Verdict::Wrong
        );
    }

    #[tokio::test]
    async fn nobody_costs_what_somebody_costs() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        assert!(!outdated(&nobody));
        let passwords = Passwords::default();
        let real = passwords.hash(&secret("12345678")).await.unwrap();
        assert_eq!(
            PasswordHash::new(&real).unwrap().hash.map(|h| h.len()),
            nobody.hash.map(|h| h.len())
        );
        assert_eq!(
            passwords.verify(&secret("12345678"), NOBODY).await.unwrap(),
            Verdict::Wrong
        );
    }

    #[tokio::test]
    async fn an_older_hash_is_right_and_outdated() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8, 1, 1, None).unwrap(),
        );
        let hash = weak.hash_password(b"12345678").unwrap().to_string();
        let verdict = Passwords::default()
            .verify(&secret("12345678"), &hash)
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::Right { outdated: true });
    }

    #[tokio::test]
    async fn sends_away_whoever_finds_the_queue_full() {
        let passwords = Passwords::default();
        let everyone = u32::try_from(AT_ONCE + MAX_WAITING).unwrap();
        let _full = passwords
            .present
            .clone()
            .acquire_many_owned(everyone)
            .await
            .unwrap();
        assert!(matches!(
            passwords.hash(&secret("12345678")).await,
            Err(Error::TooMany)
        ));
    }
}
