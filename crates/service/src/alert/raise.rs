//! Telling: alerts and what is told of them are written in one transaction.

use std::collections::HashMap;

use billing::alert::RuleKind;
use billing::id::{AlertChannelId, AlertId, AlertNotificationId, AuditEntryId, CustomerId, OutboxEventId};
use serde_json::{Value, json};
use store::alert::channel::{ChannelKind, ChannelRow};
use store::alert::notification::{Action, NewNotification};
use store::alert::{AlertRow, NewAlert};
use store::{CustomerScope, PgConnection, Tx};

use super::channel::address;
use super::notify::job_of;
use super::words::{operators_page, page};
use crate::clock::real_now;
use crate::id::mint;
use crate::mail::{self, Addressed, Concerned, Letter, StaffLetter};
use crate::{Actor, Billing, Result, queue};

static SYSTEM: Actor = Actor::System;

/// Something that happened to an alert, as events and audit entries have it.
pub struct Happened<'a> {
    pub what: &'static str,
    pub alert: AlertId,
    pub customer: Option<CustomerId>,
    pub detail: Value,
    pub actor: &'a Actor,
}

impl Billing {
    /// Writes those that are new and tells of them, and of what is resolved; says how many were new.
    pub(super) async fn raise(
        &self,
        tx: &mut Tx,
        mut new: Vec<NewAlert>,
        resolved: Vec<AlertRow>,
    ) -> Result<u64> {
        let fresh = store::alert::insert(tx, &new).await?;
        new.retain(|alert| fresh.contains(&alert.id));
        let opened = new.iter().map(|alert| Happened {
            what: "alert.opened",
            alert: alert.id,
            customer: alert.customer,
            detail: json!({ "rule": alert.rule.as_str(), "severity": alert.severity.as_str(), "title": alert.title }),
            actor: &SYSTEM,
        });
        let left = resolved.iter().map(|alert| Happened {
            what: "alert.resolved",
            alert: alert.id,
            customer: alert.customer,
            detail: json!({ "rule": alert.rule.as_str() }),
            actor: &SYSTEM,
        });
        let happened: Vec<_> = opened.chain(left).collect();
        self.note_alerts(tx, &happened).await?;
        let loudest = loudest(&new);
        self.tell_customers(tx, &loudest).await?;
        self.tell_operators(tx, &loudest).await?;
        let resolved: Vec<AlertId> = resolved.iter().map(|alert| alert.id).collect();
        self.tell_on(tx, &resolved, Action::Resolve).await?;
        Ok(new.len() as u64)
    }

    pub(super) async fn note_alerts(&self, conn: &mut PgConnection, happened: &[Happened<'_>]) -> Result<()> {
        if happened.is_empty() {
            return Ok(());
        }
        let subjects: Vec<String> = happened.iter().map(|one| one.alert.to_string()).collect();
        let actors: Vec<String> = happened.iter().map(|one| one.actor.audit_name()).collect();
        let all = || happened.iter().zip(&subjects);
        let entries: Vec<_> = all()
            .zip(&actors)
            .map(|((one, subject), actor)| store::audit::NewEntry {
                id: mint(AuditEntryId::from_uuid),
                at: self.now(),
                actor,
                action: one.what,
                customer: one.customer,
                subject,
                detail: &one.detail,
            })
            .collect();
        store::audit::insert(conn, &entries).await?;
        let events: Vec<_> = all()
            .map(|(one, subject)| store::outbox::NewEvent {
                id: mint(OutboxEventId::from_uuid),
                kind: one.what,
                customer: one.customer,
                subject,
                occurred_at: self.now(),
                payload: &one.detail,
            })
            .collect();
        Ok(store::outbox::insert(conn, &events).await?)
    }

    async fn tell_customers(&self, conn: &mut PgConnection, alerts: &[&NewAlert]) -> Result<()> {
        let mut known = HashMap::new();
        for customer in alerts.iter().filter_map(|alert| alert.customer) {
            if let Some(record) = store::customer::find(conn, CustomerScope::of(customer)).await? {
                known.insert(customer, record);
            }
        }
        let letters: Vec<_> = alerts
            .iter()
            // What the host says is the host's to tell.
            .filter(|alert| alert.rule != RuleKind::Host)
            .filter_map(|alert| {
                let letter = Letter::Alert {
                    title: &alert.title,
                    message: &alert.message,
                    page: page(alert.rule),
                };
                let to = known.get(&alert.customer?)?;
                Some(Addressed { to, letter })
            })
            .collect();
        mail::send(conn, &letters, self.base_url(), self.now()).await
    }

    async fn tell_operators(&self, tx: &mut Tx, alerts: &[&NewAlert]) -> Result<()> {
        if alerts.is_empty() {
            return Ok(());
        }
        let channels = store::alert::channel::list(tx).await?;
        let customers: Vec<_> = alerts.iter().filter_map(|alert| alert.customer).collect();
        let names = store::customer::names(tx, &customers).await?;
        let mut new = Vec::new();
        for alert in alerts {
            let page = alert.customer.map(|id| operators_page(self.base_url(), id));
            let name = alert.customer.and_then(|id| names.get(&id));
            let hears = |channel: &&ChannelRow| channel.severity <= alert.severity;
            for channel in channels.iter().filter(hears) {
                if channel.kind == ChannelKind::Email {
                    let to = [address(&self.parts.sealer, channel)?];
                    let letter = StaffLetter::Alert {
                        title: &alert.title,
                        message: &alert.message,
                        severity: alert.severity,
                        customer: name
                            .zip(page.as_deref())
                            .map(|(name, page)| Concerned { name, page }),
                    };
                    mail::send_to_staff(tx, &to, &letter, self.now()).await?;
                } else {
                    new.push((channel.id, alert.id, Action::Trigger));
                }
            }
        }
        self.enqueue_notifications(tx, &new).await
    }

    /// Tells the channels that were told of these alerts what became of them.
    pub(super) async fn tell_on(&self, tx: &mut Tx, alerts: &[AlertId], action: Action) -> Result<()> {
        if alerts.is_empty() {
            return Ok(());
        }
        let told = store::alert::notification::told(tx, alerts).await?;
        let new: Vec<_> = told
            .into_iter()
            .map(|(alert, channel)| (channel, alert, action))
            .collect();
        self.enqueue_notifications(tx, &new).await
    }

    async fn enqueue_notifications(
        &self,
        tx: &mut Tx,
        wanted: &[(AlertChannelId, AlertId, Action)],
    ) -> Result<()> {
        let new: Vec<_> = wanted
            .iter()
            .map(|(channel, alert, action)| NewNotification {
                id: mint(AlertNotificationId::from_uuid),
                channel: *channel,
                alert: *alert,
                action: *action,
            })
            .collect();
        let made = store::alert::notification::insert(tx, &new, real_now()).await?;
        let jobs = new
            .iter()
            .filter(|one| made.contains(&one.id))
            .map(|one| job_of(one.id, one.channel, 1, None))
            .collect();
        queue::enqueue_all(self.pool(), tx, jobs).await
    }
}

/// Of steps that were reached at once, people are told of the furthest; all of them are alerts.
fn loudest(new: &[NewAlert]) -> Vec<&NewAlert> {
    let mut loudest: Vec<&NewAlert> = Vec::new();
    for alert in new {
        let of_one = |known: &&mut &NewAlert| {
            (known.rule, known.customer, &known.scope) == (alert.rule, alert.customer, &alert.scope)
        };
        // Days count down: the fewer, the further.
        let furthest = |known: &NewAlert| {
            if alert.rule.is_of_time() {
                alert.crossed.at < known.crossed.at
            } else {
                alert.crossed.at > known.crossed.at
            }
        };
        match loudest.iter_mut().find(of_one) {
            Some(known) if furthest(known) => *known = alert,
            Some(_) => {}
            None => loudest.push(alert),
        }
    }
    loudest
}
