//! What signs: random keys, shown once, and the signatures made with them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use billing::id::{WebhookEndpointId, WebhookSecretId};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use store::PgConnection;
use store::webhook::secret::SealedSecret;

use crate::seal::{Place, Sealer};
use crate::{Error, Result};

/// Says what it is, wherever it leaks to.
const MARK: &str = "whsec_";
const KEY_BYTES: usize = 32;
const TABLE: &str = "webhook_secret";

/// A key to sign with.
pub struct SigningKey(Vec<u8>);

/// Makes the secret that signs from now on; the only time it is seen.
pub async fn make(
    conn: &mut PgConnection,
    sealer: &Sealer,
    (endpoint, id): (WebhookEndpointId, WebhookSecretId),
    now: DateTime<Utc>,
) -> Result<SecretString> {
    let key: [u8; KEY_BYTES] = rand::random();
    let sealed = sealer.seal(place(&id.to_string()), &key)?;
    store::webhook::secret::insert(conn, endpoint, &SealedSecret { id, sealed }, now).await?;
    Ok(shown(&key))
}

/// The secret as it was shown, to whoever made it and did not get to see it.
pub async fn made(
    conn: &mut PgConnection,
    sealer: &Sealer,
    (endpoint, id): (WebhookEndpointId, WebhookSecretId),
) -> Result<Option<SecretString>> {
    let found = store::webhook::secret::find(conn, endpoint, id).await?;
    found
        .map(|secret| Ok(shown(&opened(sealer, &secret)?)))
        .transpose()
}

fn shown(key: &[u8]) -> SecretString {
    SecretString::from(format!("{MARK}{}", BASE64_STANDARD.encode(key)))
}

fn opened(sealer: &Sealer, secret: &SealedSecret) -> Result<Vec<u8>> {
    sealer.open(place(&secret.id.to_string()), &secret.sealed)
}

/// The keys in force, the newest first.
pub async fn in_force(
    conn: &mut PgConnection,
    sealer: &Sealer,
    endpoint: WebhookEndpointId,
    now: DateTime<Utc>,
) -> Result<Vec<SigningKey>> {
    let secrets = store::webhook::secret::in_force(conn, endpoint, now).await?;
    secrets
        .iter()
        .map(|secret| opened(sealer, secret).map(SigningKey))
        .collect()
}

fn place(row: &str) -> Place<'_> {
    Place { table: TABLE, row }
}

/// The value of `webhook-signature`: one signature a key.
pub fn sign(keys: &[SigningKey], id: &str, timestamp: i64, body: &str) -> Result<String> {
    let mut signatures = Vec::with_capacity(keys.len());
    for SigningKey(key) in keys {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Error::Internal("a signing key"))?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body.as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        signatures.push(format!("v1,{signature}"));
    }
    Ok(signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> SigningKey {
        SigningKey(
            BASE64_STANDARD
                .decode(secret.strip_prefix(MARK).unwrap())
                .unwrap(),
        )
    }

    /// As the specification's reference libraries have them in their tests.
    const PUBLISHED: [(&str, &str, i64, &str, &str); 2] = [
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ];

    #[test]
    fn signatures_are_the_published_ones() {
        for (secret, id, timestamp, body, signature) in PUBLISHED {
            assert_eq!(sign(&[key(secret)], id, timestamp, body).unwrap(), signature);
        }
    }

    #[test]
    fn two_keys_give_two_signatures() {
        let [(new, id, timestamp, body, signature), (old, ..)] = PUBLISHED;
        let both = sign(&[key(new), key(old)], id, timestamp, body).unwrap();
        let alone = sign(&[key(old)], id, timestamp, body).unwrap();
        assert_eq!(both, format!("{signature} {alone}"));
    }
}
