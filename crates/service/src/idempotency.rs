//! Requests that their sender may send again: carried out once, answered as often as asked.
//!
//! The name is taken in a transaction of its own before anything is done, and the answer kept after the last one. A
//! process that dies between the two leaves a request that may or may not have been carried out. Whoever sends it
//! again carries it out again, and makes what the first was to make: the id was settled when the name was taken, so
//! that the second of two finds the first's work by its key instead of doing it twice.

use std::time::Duration;

use store::idempotency::{BodyHash, Name, Spans};
use uuid::Uuid;

use crate::id::mint;
use crate::{Actor, Billing, Error, Result, Scope};

const SPANS: Spans = Spans {
    kept: Duration::from_secs(24 * 60 * 60),
    // Longer than any request may take.
    claim: Duration::from_secs(60),
};
/// Somebody may give the name up between our two looks at it; not for ever.
const LOOKS: usize = 3;

/// A request under the name its sender gave it.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    pub route: &'a str,
    pub key: &'a str,
    pub body: BodyHash,
}

/// The id of what a request makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent(Uuid);

impl Intent {
    /// Of a request without a name: what it makes is new each time.
    pub fn new() -> Self {
        mint(Self)
    }

    /// For what goes by a name instead of an id.
    pub fn name(self) -> String {
        format!("request_{}", self.0.as_simple())
    }

    pub(crate) fn id<Id>(self, wrap: impl Fn(Uuid) -> Id) -> Id {
        wrap(self.0)
    }
}

impl Default for Intent {
    fn default() -> Self {
        Self::new()
    }
}

/// An answer that only the process edge can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedAnswer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// What became of the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Ours: carry the request out.
    Ours(Intent),
    /// Somebody carries it out this moment.
    UnderWay {
        retry_after: Duration,
    },
    /// Another request has the name.
    OtherRequest,
    Answered(SealedAnswer),
}

impl Billing {
    pub async fn claim_request(&self, actor: &Actor, sent: Sent<'_>) -> Result<Claim> {
        let who = sender(actor)?;
        let name = named(&who, sent);
        let mut conn = store::acquire(self.pool()).await?;
        for _ in 0..LOOKS {
            let new = (&sent.body, Intent::new().0);
            if let Some(makes) = store::idempotency::claim(&mut conn, name, new, SPANS).await? {
                return Ok(Claim::Ours(Intent(makes)));
            }
            let Some(standing) = store::idempotency::standing(&mut conn, name).await? else {
                continue;
            };
            return Ok(match standing.answer {
                _ if standing.body_hash != sent.body => Claim::OtherRequest,
                Some((status, body)) => Claim::Answered(SealedAnswer {
                    status: u16::try_from(status)
                        .map_err(|_| store::Error::corrupt("idempotency_key", status))?,
                    body,
                }),
                None => Claim::UnderWay {
                    retry_after: standing.claimed_for,
                },
            });
        }
        Err(Error::Internal("a name that comes and goes"))
    }

    /// Keeps the answer for a day.
    pub async fn keep_answer(&self, actor: &Actor, sent: Sent<'_>, answer: &SealedAnswer) -> Result<()> {
        let who = sender(actor)?;
        let status = i16::try_from(answer.status).map_err(|_| Error::Internal("a status"))?;
        let mut conn = store::acquire(self.pool()).await?;
        store::idempotency::answer(&mut conn, named(&who, sent), (status, &answer.body)).await?;
        Ok(())
    }

    /// Nothing was done; the name may be used for something else.
    pub async fn give_up_request(&self, actor: &Actor, sent: Sent<'_>) -> Result<()> {
        let who = sender(actor)?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::idempotency::give_up(&mut conn, named(&who, sent)).await?)
    }

    /// Whether anything was done is not known: sent again, it is carried out again at once.
    pub async fn leave_request(&self, actor: &Actor, sent: Sent<'_>) -> Result<()> {
        let who = sender(actor)?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::idempotency::leave(&mut conn, named(&who, sent)).await?)
    }

    /// Forgets what is older than a day; says how many.
    pub async fn sweep_requests(&self) -> Result<u64> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::idempotency::delete_older(&mut conn, SPANS.kept).await?)
    }
}

fn named<'a>(actor: &'a str, sent: Sent<'a>) -> Name<'a> {
    Name {
        actor,
        route: sent.route,
        key: sent.key,
    }
}

/// Who asks and what they may do: an answer is read by nobody who could not have asked.
fn sender(actor: &Actor) -> Result<String> {
    let (Actor::ApiKey { scopes, .. } | Actor::Token { scopes, .. }) = actor else {
        return Err(Error::Unauthenticated);
    };
    let mut scopes: Vec<&str> = scopes.iter().copied().map(Scope::as_str).collect();
    scopes.sort_unstable();
    Ok(format!("{} {}", actor.audit_name(), scopes.join("+")))
}
