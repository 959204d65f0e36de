//! Signatures, by the cryptography that the rest of the program uses. Nothing is signed here.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: verifier,
    // None is asked for: keys come as what they are.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Once a process; again changes nothing.
pub fn install() {
    // It fails where it was done before, and by nobody else.
    let _ = PROVIDER.install_default();
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let known = matches!(
        algorithm,
        Algorithm::HS256 | Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA
    );
    if !known || key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Checks {
        algorithm: *algorithm,
        key: key.clone(),
    }))
}

struct Checks {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for Checks {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Checks {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let good = match (self.algorithm, self.key.kind()) {
            (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), message, signature).is_ok()
            }
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                    .is_ok()
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                public(&ECDSA_P256_SHA256_FIXED, point, message, signature)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(point)) => {
                public(&ED25519, point, message, signature)
            }
            _ => false,
        };
        if good { Ok(()) } else { Err(Error::new()) }
    }
}

fn public(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

    use super::*;

    const MESSAGE: &[u8] = b"header.claims";
    /// Of a key that nobody kept.
    const RSA_N: &str = concat!(
        "qxtJRxAcZh7rn4s5xCCVnwdF_8spr9enLd_LdW-PSF2ZOQ98LYfqNmsyu1orf2RYh1CN1ed0L961x2veqmnOzJ8_49",
        "qj1QlhGQZfhqkvR_aRyf_PV3Od7kovFcYIGXXbk3H3P_0PwokXwFQFv1j1AO5WmIWfq5zvMtcnYJ5_LVkE0od_1mf8",
        "_zV_6Yeflf8uf3T6MzlZ9j7x3JaFnMWjpByFQSifTrb6S4YyP9RHI8UubK-DiZgQXteuleIitHDyo6CUY-OUfM-wZp",
        "aCifn_n8LTdaZksPrqYgNjsmQC74jaDPbVyIciECrbIxtrAeGe_CNmz1a0pZrL1U0KtuomDw",
    );
    const RSA_SIGNATURE: &str = concat!(
        "eyIwrY_JRiCbOJN1TNyn8mmokS35rrtW1ELiTEy7kQibcqXZyVnPwHdj4WzbnSR11q-n20s-mruV795WyWr_RuKb9o",
        "x620ErggfVPEJUSAWn6e8ze68NIFREPtU09TrS3n-dI_LVRc83Bh0XvPWN9cxYracVz6K8CGIdde67Tlk5ITJPWCQv",
        "BjPtG-CIqEks_NUyX1Ha9w1KlMbCm8P3KRO9myImrZ9d-UmkKzmyiXjvUV4ULuxsc9dgIDbIFK6H3GGvGtjeQJguOe",
        "atNP-udrol8nPOQIdic5hpZVZ6Pb1n1mYRKYiMJjZryUi6-AVXrMAPCQkbLlwCiDUpXSRHmQ",
    );

    fn checks(algorithm: Algorithm, key: &DecodingKey, signature: &[u8]) {
        let verifier = verifier(&algorithm, key).unwrap();
        let mut signature = signature.to_vec();
        assert!(verifier.verify(MESSAGE, &signature).is_ok(), "{algorithm:?}");
        assert!(
            verifier.verify(b"header.other", &signature).is_err(),
            "{algorithm:?}"
        );
        signature[10] ^= 1;
        assert!(verifier.verify(MESSAGE, &signature).is_err(), "{algorithm:?}");
        assert!(verifier.verify(MESSAGE, &Vec::new()).is_err(), "{algorithm:?}");
    }

    #[test]
    fn each_algorithm_takes_its_own_signatures_alone() {
        let random = SystemRandom::new();
        let secret = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let tag = hmac::sign(&secret, MESSAGE);
        checks(
            Algorithm::HS256,
            &DecodingKey::from_secret(b"secret"),
            tag.as_ref(),
        );

        let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let key = DecodingKey::from_ed_der(pair.public_key().as_ref());
        checks(Algorithm::EdDSA, &key, pair.sign(MESSAGE).as_ref());

        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let key = DecodingKey::from_ec_der(pair.public_key().as_ref());
        checks(
            Algorithm::ES256,
            &key,
            pair.sign(&random, MESSAGE).unwrap().as_ref(),
        );

        let key = DecodingKey::from_rsa_components(RSA_N, "AQAB").unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(RSA_SIGNATURE).unwrap();
        checks(Algorithm::RS256, &key, &signature);
    }

    /// A public key is no secret: whoever signs with it as if it were one gets nowhere.
    #[test]
    fn no_algorithm_takes_anothers_key() {
        let rsa = DecodingKey::from_rsa_components(RSA_N, "AQAB").unwrap();
        let secret = DecodingKey::from_secret(b"secret");
        for (algorithm, key) in [
            (Algorithm::HS256, &rsa),
            (Algorithm::RS256, &secret),
            (Algorithm::ES256, &rsa),
            (Algorithm::EdDSA, &secret),
            (Algorithm::HS512, &secret),
            (Algorithm::PS256, &rsa),
        ] {
            assert!(verifier(&algorithm, key).is_err(), "{algorithm:?}");
        }
    }
}
