//! Grants whose time is over: what is left of them leaves the balance, with a posting.

use std::collections::HashSet;

use billing::credit::CreditGrant;
use billing::id::{CustomerId, PostingId};
use billing::ledger::credit_expired;
use billing::period::Period;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use store::PgConnection;
use store::credit::grant::NewUse;
use store::ledger::NewPosting;

use crate::id::mint;
use crate::record::{Note, note};
use crate::{Actor, Error, Result};

/// Of each locked customer what expired by the instant beside it; says of whom there was something. Again it finds
/// nothing: what expired is gone. Nothing expires after `now`, also where it is noted for the instant it expired in.
pub async fn expire(
    conn: &mut PgConnection,
    until: &[(CustomerId, DateTime<Utc>)],
    now: DateTime<Utc>,
) -> Result<HashSet<CustomerId>> {
    let expired = store::credit::grant::expired(conn, until).await?;
    if expired.is_empty() {
        return Ok(HashSet::new());
    }
    let uses: Vec<_> = expired
        .iter()
        .map(|(_, grant)| NewUse {
            grant: grant.id,
            invoice: None,
            amount: grant.left,
            at: now,
        })
        .collect();
    store::credit::grant::take(conn, &uses).await?;
    let mut postings = Vec::with_capacity(expired.len());
    for (_, grant) in &expired {
        let moment = Period::new(now, now + TimeDelta::seconds(1))?;
        let posting = credit_expired(grant.kind, grant.left, moment);
        postings.push(posting.map_err(|_| Error::Internal("posting"))?);
    }
    let new = expired
        .iter()
        .zip(&postings)
        .map(|((customer, grant), posting)| NewPosting {
            id: mint(PostingId::from_uuid),
            customer: *customer,
            posting,
            invoice: None,
            attempt: None,
            credit_note: None,
            grant: Some(grant.id),
            refund: None,
            at: now,
        });
    store::ledger::insert(conn, &new.collect::<Vec<_>>()).await?;
    let notes = expired
        .iter()
        .map(|(customer, grant)| ended(*customer, grant, now));
    note(conn, &notes.collect::<Vec<_>>()).await?;
    Ok(expired.into_iter().map(|(customer, _)| customer).collect())
}

fn ended(customer: CustomerId, grant: &CreditGrant, at: DateTime<Utc>) -> Note<'static> {
    Note {
        actor: &Actor::System,
        at,
        what: "credit_grant.expired",
        customer,
        subject: grant.id.to_string(),
        detail: json!({ "left": grant.left, "kind": grant.kind.as_str() }),
    }
}
