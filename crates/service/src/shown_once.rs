//! Secrets on their way to the page that shows them once: sealed for whoever made them, so that whatever carries them
//! there need not be trusted. We keep nothing of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use crate::seal::Place;
use crate::{Actor, Billing, Result};

impl Billing {
    /// `of` names what the secret belongs to. Fit for a cookie.
    pub fn wrap_secret(&self, actor: &Actor, of: &str, secret: &SecretString) -> Result<String> {
        let row = row(actor, of);
        let sealed = self
            .parts
            .sealer
            .seal(place(&row), secret.expose_secret().as_bytes())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// None where it is somebody else's, of something else, or no wrapped secret at all.
    pub fn unwrap_secret(&self, actor: &Actor, of: &str, wrapped: &str) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(wrapped).ok()?;
        let opened = self.parts.sealer.open(place(&row(actor, of)), &sealed).ok()?;
        String::from_utf8(opened).ok()
    }
}

fn row(actor: &Actor, of: &str) -> String {
    format!("{} {of}", actor.audit_name())
}

fn place(row: &str) -> Place<'_> {
    Place {
        table: "shown_once",
        row,
    }
}
