//! What is stored and must not be read from the database alone: answers hold names, addresses and links.

use anyhow::{Result, anyhow};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

pub struct Seal(LessSafeKey);

/// Without the key.
impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    pub fn new(key: &[u8; 32]) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| anyhow!("a key of 32 bytes"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Bound to its place: what is sealed for one request opens for no other. None should the cipher refuse, which
    /// it does of texts of many gigabytes alone.
    pub fn close(&self, place: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = text.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(unique, Aad::from(place), &mut sealed)
            .ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// None where another key sealed it, or for another place.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(place), &mut text).ok()?;
        Some(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_with_its_own_key_and_in_its_own_place_alone() {
        let (seal, other) = (Seal::new(&[1; 32]).unwrap(), Seal::new(&[2; 32]).unwrap());
        let sealed = seal.close(b"here", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|six| six == b"secret"));
        assert_ne!(sealed, seal.close(b"here", b"secret").unwrap());
        assert_eq!(seal.open(b"here", &sealed).as_deref(), Some(&b"secret"[..]));
        let mut bent = sealed.clone();
        *bent.last_mut().unwrap() ^= 1;
        for refused in [
            seal.open(b"there", &sealed),
            other.open(b"here", &sealed),
            seal.open(b"here", &bent),
            seal.open(b"here", &sealed[..NONCE_LEN]),
            seal.open(b"here", b""),
        ] {
            assert_eq!(refused, None);
        }
    }
}
