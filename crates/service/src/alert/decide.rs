//! Alerts as people see them: the list, what they decide of each, and those the host platform says.

use billing::alert::{Crossed, RuleKind, Severity};
use billing::id::{AlertId, CustomerId};
use chrono::{DateTime, Months, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use store::CustomerScope;
use store::alert::notification::Action;
use store::alert::{AlertRow, AlertState, Decided, NewAlert, Page};

use super::raise::Happened;
use crate::idempotency::Intent;
use crate::page::CURSOR;
use crate::{Actor, Billing, Error, Result};

pub const MAX_PAGE: u32 = 100;
const MAX_TYPE_CHARS: usize = 60;
const MAX_TITLE_CHARS: usize = 150;
const MAX_MESSAGE_CHARS: usize = 2_000;
const LONGEST_SNOOZE: TimeDelta = TimeDelta::days(90);
/// As long as usage events are kept: what an alert was about can be looked up as long as it can.
const KEPT: Months = Months::new(13);
const FORGOTTEN_AT_ONCE: i64 = 1_000;

#[derive(Debug, Clone, Copy)]
pub struct AlertPage {
    pub state: Option<AlertState>,
    /// The last of the page before.
    pub after: Option<AlertId>,
    pub limit: u32,
}

#[derive(Debug, Clone)]
pub struct AlertList {
    /// Newest first.
    pub alerts: Vec<AlertRow>,
    pub has_more: bool,
}

/// Something the host platform has to say.
#[derive(Debug, Clone)]
pub struct HostAlert {
    /// None: about the deployment.
    pub customer: Option<CustomerId>,
    /// A word of the host's own.
    pub kind: String,
    pub title: String,
    pub message: String,
    pub severity: Severity,
}

impl Billing {
    /// The customer's own, for operators and the host platform everybody's.
    pub async fn alerts(&self, actor: &Actor, page: AlertPage) -> Result<AlertList> {
        let scope = reads(actor)?;
        if page.limit == 0 || page.limit > MAX_PAGE {
            return Err(Error::Invalid { field: "limit" });
        }
        let mut conn = store::acquire(self.pool()).await?;
        if let Some(after) = page.after {
            let shown = store::alert::find(&mut conn, scope, after).await?;
            shown.ok_or(Error::Invalid { field: CURSOR })?;
        }
        let asked = Page {
            scope,
            state: page.state,
            after: page.after,
            limit: i64::from(page.limit) + 1,
        };
        let mut alerts = store::alert::list(&mut conn, &asked).await?;
        let has_more = alerts.len() > page.limit as usize;
        alerts.truncate(page.limit as usize);
        Ok(AlertList { alerts, has_more })
    }

    pub async fn alert(&self, actor: &Actor, id: AlertId) -> Result<AlertRow> {
        let scope = reads(actor)?;
        let mut conn = store::acquire(self.pool()).await?;
        let found = store::alert::find(&mut conn, scope, id).await?;
        found.ok_or(Error::NotFound("alert"))
    }

    /// Somebody looks after it; channels that were told of it are told.
    pub async fn acknowledge_alert(&self, actor: &Actor, id: AlertId) -> Result<AlertRow> {
        self.decide_alert(actor, id, Decided::Acknowledged).await
    }

    pub async fn resolve_alert(&self, actor: &Actor, id: AlertId) -> Result<AlertRow> {
        self.decide_alert(actor, id, Decided::Resolved).await
    }

    /// Puts it out of sight until then, by business time.
    pub async fn snooze_alert(&self, actor: &Actor, id: AlertId, until: DateTime<Utc>) -> Result<AlertRow> {
        let now = self.now();
        if until <= now || until - now > LONGEST_SNOOZE {
            return Err(Error::Invalid { field: "until" });
        }
        self.decide_alert(actor, id, Decided::Snoozed { until }).await
    }

    /// What is decided already stays as it is: two people may see the same alert.
    async fn decide_alert(&self, actor: &Actor, id: AlertId, decided: Decided) -> Result<AlertRow> {
        let scope = decides(actor)?;
        let mut tx = store::begin(self.pool()).await?;
        let alert = store::alert::lock(&mut tx, scope, id).await?;
        let alert = alert.ok_or(Error::NotFound("alert"))?;
        let (what, action) = match (alert.state, decided) {
            (AlertState::Resolved, Decided::Resolved) | (AlertState::Acknowledged, Decided::Acknowledged) => {
                return Ok(alert);
            }
            (AlertState::Resolved, _) => return Err(Error::AlertResolved),
            (_, Decided::Acknowledged) => ("alert.acknowledged", Some(Action::Acknowledge)),
            (_, Decided::Resolved) => ("alert.resolved", Some(Action::Resolve)),
            (_, Decided::Snoozed { .. }) => ("alert.snoozed", None),
        };
        store::alert::decide(&mut tx, id, decided, (&actor.audit_name(), self.now())).await?;
        let happened = Happened {
            what,
            alert: id,
            customer: alert.customer,
            detail: json!({ "rule": alert.rule.as_str() }),
            actor,
        };
        self.note_alerts(&mut tx, &[happened]).await?;
        if let Some(action) = action {
            self.tell_on(&mut tx, &[id], action).await?;
        }
        let after = store::alert::find(&mut tx, None, id).await?;
        store::commit(tx).await?;
        after.ok_or(Error::NotFound("alert"))
    }

    /// Forgets what has been over for long, by business time.
    pub async fn forget_alerts(&self) -> Result<u64> {
        let before = self.now() - KEPT;
        let mut forgotten = 0;
        loop {
            let mut tx = store::begin(self.pool()).await?;
            let count = store::alert::forget(&mut tx, before, FORGOTTEN_AT_ONCE).await?;
            store::commit(tx).await?;
            if count == 0 {
                return Ok(forgotten);
            }
            forgotten += count;
        }
    }

    /// The host platform says something itself; a customer's own key does not. Each time is an alert of its own; under the
    /// same intent it is the same.
    pub async fn create_alert(&self, actor: &Actor, new: HostAlert, intent: Intent) -> Result<AlertRow> {
        let customer = match (actor.raises_alerts()?, new.customer) {
            (None, customer) => customer,
            (Some(own), Some(asked)) if own != asked => return Err(Error::NotFound("customer")),
            // It would wake the operators.
            (Some(_), _) => return Err(Error::Forbidden),
        };
        let (kind, title, message) = checked(&new)?;
        let (now, id) = (self.now(), intent.id(AlertId::from_uuid));
        let mut tx = store::begin(self.pool()).await?;
        if let Some(customer) = customer {
            let known = store::customer::find(&mut tx, CustomerScope::of(customer)).await?;
            known.ok_or(Error::NotFound("customer"))?;
        }
        store::alert::lock_type(&mut tx, customer, kind).await?;
        if let Some(made) = store::alert::find(&mut tx, None, id).await? {
            return Ok(made);
        }
        let said = store::alert::times_said(&mut tx, customer, kind).await?;
        let alert = NewAlert {
            id,
            rule: RuleKind::Host,
            customer,
            scope: kind.to_owned(),
            crossed: Crossed {
                period_start: DateTime::UNIX_EPOCH,
                at: Decimal::ZERO,
                episode: said + 1,
            },
            severity: new.severity,
            title: title.to_owned(),
            message: message.to_owned(),
            at: now,
        };
        self.raise(&mut tx, vec![alert], Vec::new()).await?;
        let made = store::alert::find(&mut tx, None, id).await?;
        store::commit(tx).await?;
        made.ok_or(Error::Internal("an alert that was just made"))
    }
}

fn checked(new: &HostAlert) -> Result<(&str, &str, &str)> {
    let text = |text: &str, most: usize, field| {
        let fits = text.chars().count() <= most && !text.contains('\0');
        if fits {
            Ok(())
        } else {
            Err(Error::Invalid { field })
        }
    };
    let (kind, title, message) = (new.kind.trim(), new.title.trim(), new.message.trim());
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if kind.is_empty() || !kind.bytes().all(word) {
        return Err(Error::Invalid { field: "type" });
    }
    text(kind, MAX_TYPE_CHARS, "type")?;
    if title.is_empty() || title.chars().any(char::is_control) {
        return Err(Error::Invalid { field: "title" });
    }
    text(title, MAX_TITLE_CHARS, "title")?;
    text(message, MAX_MESSAGE_CHARS, "message")?;
    Ok((kind, title, message))
}

/// Whose alerts the actor sees: one customer's, or all (none).
pub(super) fn reads(actor: &Actor) -> Result<Option<CustomerScope>> {
    match actor {
        Actor::Member { .. } => actor.reads_customer().map(Some),
        Actor::ApiKey { .. } | Actor::Token { .. } | Actor::OnBehalf { .. } => {
            Ok(actor.reads_by_key()?.map(CustomerScope::of))
        }
        Actor::System => Ok(None),
        _ => actor.reads_admin().map(|()| None),
    }
}

/// Whose alerts the actor may put away.
fn decides(actor: &Actor) -> Result<Option<CustomerScope>> {
    match actor {
        Actor::Member { .. } => actor.manages_billing().map(Some),
        Actor::ApiKey { .. } | Actor::Token { .. } | Actor::OnBehalf { .. } => {
            Ok(actor.raises_alerts()?.map(CustomerScope::of))
        }
        Actor::System => Ok(None),
        _ => actor.looks_after_alerts().map(|()| None),
    }
}
