//! Secrets that have to be read again: sealed with a key that is not in the database, each for the one row it stands in.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// What a sealed text begins with; another way of sealing begins with another one.
const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// Where a sealed text stands. Moved to another row it opens no more.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'static str,
    pub row: &'a str,
}

/// Seals and opens. A sealed text is a version, the key's id, a random nonce, and the ciphertext with its tag.
pub struct Sealer {
    key_id: [u8; KEY_ID_BYTES],
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

impl Sealer {
    pub fn new(key: &[u8; 32]) -> Self {
        let digest: [u8; 32] = Sha256::new_with_prefix(b"key id")
            .chain_update(key)
            .finalize()
            .into();
        let mut key_id = [0; KEY_ID_BYTES];
        key_id.copy_from_slice(&digest[..KEY_ID_BYTES]);
        Self {
            key_id,
            cipher: XChaCha20Poly1305::new(key.into()),
        }
    }

    pub fn seal(&self, place: Place<'_>, text: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let aad = self.aad(place);
        let payload = Payload { msg: text, aad: &aad };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::Internal("a secret cannot be sealed"))?;
        let mut out = Vec::with_capacity(HEAD_BYTES + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(&self.key_id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Fails where the text was sealed with another key, for another row, or changed.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
        let Some((head, ciphertext)) = sealed.split_at_checked(HEAD_BYTES) else {
            return Err(Error::Internal("a sealed secret is too short"));
        };
        let (version_and_key, nonce) = head.split_at(1 + KEY_ID_BYTES);
        if version_and_key[0] != VERSION || version_and_key[1..] != self.key_id {
            return Err(Error::Internal("a secret was sealed with another ENCRYPTION_KEY"));
        }
        let nonce: [u8; NONCE_BYTES] = nonce
            .try_into()
            .map_err(|_| Error::Internal("a sealed secret is too short"))?;
        let aad = self.aad(place);
        let payload = Payload {
            msg: ciphertext,
            aad: &aad,
        };
        let opened = self.cipher.decrypt(&XNonce::from(nonce), payload);
        opened.map_err(|_| Error::Internal("a sealed secret was changed, or moved to another row"))
    }

    fn aad(&self, place: Place<'_>) -> Vec<u8> {
        let mut aad = vec![VERSION];
        aad.extend_from_slice(&self.key_id);
        aad.extend_from_slice(place.table.as_bytes());
        aad.push(b'/');
        aad.extend_from_slice(place.row.as_bytes());
        aad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place {
        table: "webhook_secret",
        row: "ws_1",
    };

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal(HERE, b"secret").unwrap();
        assert_eq!(sealer.open(HERE, &sealed).unwrap(), b"secret");
        assert!(!sealed.windows(6).any(|six| six == b"secret"));
        let other_row = Place { row: "ws_2", ..HERE };
        assert!(sealer.open(other_row, &sealed).is_err());
        let other_table = Place {
            table: "channel",
            ..HERE
        };
        assert!(sealer.open(other_table, &sealed).is_err());
        assert!(Sealer::new(&[2; 32]).open(HERE, &sealed).is_err());
    }

    #[test]
    fn every_change_is_noticed() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal(HERE, b"secret").unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(sealer.open(HERE, &changed).is_err(), "byte {place}");
        }
        for length in 0..sealed.len() {
            assert!(sealer.open(HERE, &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let sealer = Sealer::new(&[1; 32]);
        assert_ne!(
            sealer.seal(HERE, b"secret").unwrap(),
            sealer.seal(HERE, b"secret").unwrap()
        );
    }
}
