//! Where operators are told: mail, Slack, PagerDuty.

use billing::alert::Severity;
use billing::id::AlertChannelId;
use chrono::{DateTime, SubsecRound, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use store::alert::channel::{ChannelError, ChannelKind, ChannelRow};

use super::notify::Told;
use super::{pagerduty, slack};
use crate::clock::real_now;
use crate::idempotency::Intent;
use crate::mail::{self, StaffLetter};
use crate::outgoing::check_url;
use crate::record::audit;
use crate::seal::{Place, Sealer};
use crate::{Actor, Billing, Error, Result};

const MAX_CHANNELS: usize = 20;
const MAX_NAME_CHARS: usize = 100;
/// As PagerDuty makes them.
const ROUTING_KEY_CHARS: usize = 32;
const SLACK_HOST: &str = "hooks.slack.com";

/// What it takes to reach somebody.
#[derive(Debug, Clone)]
pub enum ChannelAddress {
    Email(String),
    /// Of an incoming webhook.
    Slack(SecretString),
    /// The routing key of a service that takes Events v2.
    PagerDuty(SecretString),
}

#[derive(Debug, Clone)]
pub struct NewAlertChannel {
    pub name: String,
    pub address: ChannelAddress,
    /// It hears of these and worse.
    pub severity: Severity,
}

/// A channel without what is secret of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownChannel {
    pub id: AlertChannelId,
    pub kind: ChannelKind,
    pub name: String,
    pub severity: Severity,
    pub created_at: DateTime<Utc>,
    /// The last time it was told something; of mail it is not known.
    pub told_at: Option<DateTime<Utc>>,
    pub wrong: Option<ChannelError>,
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestOutcome {
    Told,
    Failed { why: String },
}

impl Billing {
    pub async fn create_alert_channel(&self, actor: &Actor, new: NewAlertChannel) -> Result<ShownChannel> {
        self.create_alert_channel_once(actor, new, Intent::new()).await
    }

    /// Made again under the same intent it is the same channel.
    pub async fn create_alert_channel_once(
        &self,
        actor: &Actor,
        new: NewAlertChannel,
        intent: Intent,
    ) -> Result<ShownChannel> {
        actor.manages_webhooks()?;
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            return Err(Error::Invalid { field: "name" });
        }
        let (kind, secret) = self.checked_address(&new.address)?;
        let id = intent.id(AlertChannelId::from_uuid);
        let mut tx = store::begin(self.pool()).await?;
        store::alert::channel::lock_all(&mut tx).await?;
        let known = store::alert::channel::list(&mut tx).await?;
        if let Some(made) = known.iter().find(|channel| channel.id == id) {
            return Ok(shown(made.clone()));
        }
        if known.len() >= MAX_CHANNELS {
            return Err(Error::Invalid { field: "channels" });
        }
        let sealed = self
            .parts
            .sealer
            .seal(place(&id.to_string()), secret.as_bytes())?;
        let row = ChannelRow {
            id,
            kind,
            name: name.to_owned(),
            sealed,
            severity: new.severity,
            // As the database keeps it: what is shown now is what is shown later.
            created_at: real_now().trunc_subsecs(6),
        };
        store::alert::channel::insert(&mut tx, &row).await?;
        let detail = json!({ "kind": kind.as_str(), "severity": new.severity });
        let subject = id.to_string();
        audit(
            &mut tx,
            (actor, self.now()),
            ("alert_channel.created", &subject),
            &detail,
        )
        .await?;
        store::commit(tx).await?;
        Ok(shown(row))
    }

    /// Oldest first.
    pub async fn alert_channels(&self, actor: &Actor) -> Result<Vec<ShownChannel>> {
        actor.reads_webhooks()?;
        let mut conn = store::acquire(self.pool()).await?;
        let channels = store::alert::channel::list(&mut conn).await?;
        let mut channels: Vec<_> = channels.into_iter().map(shown).collect();
        for standing in store::alert::channel::standings(&mut conn).await? {
            let own = channels.iter_mut().find(|own| own.id == standing.channel);
            if let Some(own) = own {
                (own.told_at, own.wrong) = (standing.told_at, standing.wrong);
            }
        }
        Ok(channels)
    }

    pub async fn delete_alert_channel(&self, actor: &Actor, id: AlertChannelId) -> Result<()> {
        actor.manages_webhooks()?;
        let mut tx = store::begin(self.pool()).await?;
        if !store::alert::channel::delete(&mut tx, id, real_now()).await? {
            return Err(Error::NotFound("alert channel"));
        }
        let subject = id.to_string();
        let what = ("alert_channel.deleted", subject.as_str());
        audit(&mut tx, (actor, self.now()), what, &json!({})).await?;
        Ok(store::commit(tx).await?)
    }

    /// Says something over the channel at once.
    pub async fn test_alert_channel(&self, actor: &Actor, id: AlertChannelId) -> Result<TestOutcome> {
        actor.manages_webhooks()?;
        let mut tx = store::begin(self.pool()).await?;
        let channel = store::alert::channel::find(&mut tx, id).await?;
        let channel = channel.ok_or(Error::NotFound("alert channel"))?;
        let address = address(&self.parts.sealer, &channel)?;
        let subject = id.to_string();
        audit(
            &mut tx,
            (actor, self.now()),
            ("alert_channel.tested", &subject),
            &json!({}),
        )
        .await?;
        if channel.kind == ChannelKind::Email {
            mail::send_to_staff(&mut tx, &[address], &StaffLetter::ChannelTest, self.now()).await?;
            store::commit(tx).await?;
            return Ok(TestOutcome::Told);
        }
        store::commit(tx).await?;
        let told = match channel.kind {
            ChannelKind::Slack => self.tell_slack(&address, &slack::test()).await?,
            ChannelKind::PagerDuty => {
                let events = pagerduty::test(&address, self.base_url(), id);
                let told = self.tell_pagerduty(&events[0]).await?;
                // What was only a test does not stay open.
                if told == Told::Yes {
                    self.tell_pagerduty(&events[1]).await?
                } else {
                    told
                }
            }
            ChannelKind::Email => Told::Yes,
        };
        Ok(match told {
            Told::Yes => TestOutcome::Told,
            Told::NotNow { why } | Told::Never { why } => TestOutcome::Failed { why },
        })
    }

    fn checked_address<'a>(&self, address: &'a ChannelAddress) -> Result<(ChannelKind, &'a str)> {
        match address {
            ChannelAddress::Email(to) => {
                let is_address = to
                    .split_once('@')
                    .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
                let plain = to.len() <= 254 && to.bytes().all(|b| b.is_ascii_graphic());
                if is_address && plain {
                    Ok((ChannelKind::Email, to))
                } else {
                    Err(Error::Invalid { field: "email" })
                }
            }
            ChannelAddress::Slack(url) => {
                let targets = self.parts.outgoing.targets();
                let checked = check_url(url.expose_secret(), targets)?;
                let slack = targets == crate::Targets::Any || checked.host_str() == Some(SLACK_HOST);
                if slack {
                    Ok((ChannelKind::Slack, url.expose_secret()))
                } else {
                    Err(Error::Invalid { field: "slack_url" })
                }
            }
            ChannelAddress::PagerDuty(key) => {
                let key = key.expose_secret();
                if key.len() == ROUTING_KEY_CHARS && key.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    Ok((ChannelKind::PagerDuty, key))
                } else {
                    Err(Error::Invalid { field: "routing_key" })
                }
            }
        }
    }
}

/// What reaches the channel.
pub fn address(sealer: &Sealer, channel: &ChannelRow) -> Result<String> {
    let opened = sealer.open(place(&channel.id.to_string()), &channel.sealed)?;
    String::from_utf8(opened).map_err(|_| Error::Internal("a channel's address"))
}

fn place(row: &str) -> Place<'_> {
    Place {
        table: "alert_channel",
        row,
    }
}

fn shown(channel: ChannelRow) -> ShownChannel {
    ShownChannel {
        id: channel.id,
        kind: channel.kind,
        name: channel.name,
        severity: channel.severity,
        created_at: channel.created_at,
        told_at: None,
        wrong: None,
    }
}
