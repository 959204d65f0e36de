//! Days before an end, by business time: trials, and the cards that pay.

use billing::alert::{Crossed, Rule, RuleKind};
use billing::format;
use billing::id::{AlertId, CustomerId};
use chrono::{DateTime, TimeDelta, Utc};
use store::PgConnection;
use store::alert::NewAlert;

use super::words::{About, words};
use crate::id::mint;
use crate::{Billing, Result};

/// No rule tells earlier.
const EARLIEST: TimeDelta = TimeDelta::days(90);

/// Something that ends.
struct End {
    rule: RuleKind,
    customer: CustomerId,
    scope: String,
    at: DateTime<Utc>,
    about: About,
}

impl Billing {
    /// Tells of the ends whose days have come since the last time. What was due before the first time is history.
    pub async fn tell_ends(&self) -> Result<u64> {
        self.tell_of_ends(Telling::Begins).await
    }

    /// The same for whoever moves the clock. Before anybody has begun to tell it does nothing: history is being lived.
    pub(crate) async fn tell_ends_on_the_way(&self) -> Result<u64> {
        self.tell_of_ends(Telling::GoesOn).await
    }

    /// One process does it at a time.
    async fn tell_of_ends(&self, telling: Telling) -> Result<u64> {
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let Some(told) = store::alert::due::try_lock(&mut tx).await? else {
            return Ok(0);
        };
        if told.map_or(telling == Telling::GoesOn, |told| told >= now) {
            return Ok(0);
        }
        let rules = self.rules(&mut tx).await?;
        let mut new = Vec::new();
        if let Some(told) = told {
            for end in ends(&mut tx, told, now).await? {
                let rule = rules.iter().find(|rule| rule.kind == end.rule && rule.enabled);
                new.extend(rule.into_iter().flat_map(|rule| alerts(rule, &end, (told, now))));
            }
        }
        let over = store::alert::due::over(&mut tx).await?;
        let resolved = store::alert::resolve(&mut tx, &over, now).await?;
        let opened = self.raise(&mut tx, new, resolved).await?;
        store::alert::due::set_told(&mut tx, now).await?;
        store::commit(tx).await?;
        Ok(opened)
    }

    /// The next instant at which something is told, for whoever moves the clock: it stops there. None before the first
    /// time.
    pub(crate) async fn next_told(&self, until: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let mut conn = store::acquire(self.pool()).await?;
        let Some(told) = store::alert::due::told_until(&mut conn).await? else {
            return Ok(None);
        };
        let rules = self.rules(&mut conn).await?;
        let mut next: Option<DateTime<Utc>> = None;
        for end in ends(&mut conn, told, until).await? {
            let rule = rules.iter().find(|rule| rule.kind == end.rule && rule.enabled);
            for step in rule
                .into_iter()
                .flat_map(|rule| rule.passed(end.at, (told, until)))
            {
                let at = end.at - TimeDelta::days(i64::try_from(step.at).unwrap_or(0));
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        Ok(next)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    Begins,
    GoesOn,
}

/// What ends after one instant and so soon after another that a rule may tell of it between the two.
async fn ends(conn: &mut PgConnection, told: DateTime<Utc>, now: DateTime<Utc>) -> Result<Vec<End>> {
    let until = now + EARLIEST;
    let trials = store::alert::due::trials(conn, told, until).await?;
    let cards = store::alert::due::cards(conn, told, until).await?;
    let trials = trials.into_iter().map(|trial| End {
        rule: RuleKind::TrialEnding,
        customer: trial.customer,
        scope: trial.subscription.to_string(),
        at: trial.ends_at,
        about: About::Trial {
            ends_at: trial.ends_at,
            zone: trial.zone,
        },
    });
    let cards = cards.into_iter().map(|card| End {
        rule: RuleKind::CardExpiring,
        customer: card.customer,
        scope: card.method.to_string(),
        at: card.expires_at,
        about: About::Card {
            name: format::card(&card.brand, &card.last4),
            expires_at: card.expires_at,
        },
    });
    Ok(trials.chain(cards).collect())
}

fn alerts(rule: &Rule, end: &End, span: (DateTime<Utc>, DateTime<Utc>)) -> impl Iterator<Item = NewAlert> {
    rule.passed(end.at, span).map(move |step| {
        let (title, message) = words(&end.about, step);
        NewAlert {
            id: mint(AlertId::from_uuid),
            rule: end.rule,
            customer: Some(end.customer),
            scope: end.scope.clone(),
            // An end that moves is another end.
            crossed: Crossed {
                period_start: end.at,
                at: step.at,
                episode: 1,
            },
            severity: step.severity,
            title,
            message,
            at: span.1,
        }
    })
}
