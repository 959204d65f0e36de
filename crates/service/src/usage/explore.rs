//! One customer's events, as they were reported.

use billing::catalog::Meter;
use billing::id::CustomerId;
use billing::period::Zone;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use store::CustomerScope;
use store::usage::{EventRow, EventsAsked};

use crate::{Actor, Billing, Error, Result};

const EVENTS_A_PAGE: usize = 50;
/// So many rows of a file are held in memory at a time.
const EVENTS_A_READ: usize = 1_000;
/// What a file holds: of events that lie far apart each costs a look into its hour.
pub const MAX_EXPORTED: usize = 50_000;
const MAX_ID_BYTES: usize = 255;

/// Which events. Days are the customer's, both included; an id alone says which event it is.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// The key of a meter that counts them.
    pub meter: Option<String>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub id: Option<String>,
    pub after: Option<EventCursor>,
}

/// The last event of the page before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCursor {
    pub at: DateTime<Utc>,
    pub id: String,
}

#[derive(Debug, Clone)]
pub struct EventPage {
    /// Newest first.
    pub events: Vec<EventRow>,
    /// There are older ones.
    pub next: Option<EventCursor>,
    pub catalog: Vec<Meter>,
    pub zone: Zone,
}

impl Billing {
    pub async fn usage_events(&self, actor: &Actor, query: &EventQuery) -> Result<EventPage> {
        let scope = actor.reads_customer()?;
        self.events_of(scope, query, EVENTS_A_PAGE).await
    }

    /// The same of any customer, for operators.
    pub async fn customer_events(
        &self,
        actor: &Actor,
        customer: CustomerId,
        query: &EventQuery,
    ) -> Result<EventPage> {
        actor.reads_admin()?;
        self.events_of(CustomerScope::of(customer), query, EVENTS_A_PAGE)
            .await
    }

    /// The same in larger parts, for a file.
    pub async fn usage_event_rows(&self, actor: &Actor, query: &EventQuery) -> Result<EventPage> {
        let scope = actor.reads_customer()?;
        self.events_of(scope, query, EVENTS_A_READ).await
    }

    async fn events_of(&self, scope: CustomerScope, query: &EventQuery, limit: usize) -> Result<EventPage> {
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let (catalog, zone) = (store::catalog::meters(&mut conn).await?, customer.zone);
        let page = |events, next| EventPage {
            events,
            next,
            catalog: catalog.clone(),
            zone,
        };
        if let Some(id) = &query.id {
            let event = match id.len() <= MAX_ID_BYTES && !id.contains('\0') {
                true => store::usage::event(&mut conn, scope, id).await?,
                false => None,
            };
            return Ok(page(event.into_iter().collect(), None));
        }
        let asked_for = |meter: &&Meter| query.meter.as_ref().is_none_or(|key| *key == meter.key);
        let meters: Vec<_> = catalog.iter().filter(asked_for).map(|meter| meter.id).collect();
        if meters.is_empty() {
            return Err(Error::Invalid { field: "meter" });
        }
        let (from, until) = self.span(query, zone)?;
        let asked = EventsAsked {
            meters: &meters,
            from,
            until,
            after: query.after.as_ref().map(|after| (after.at, after.id.as_str())),
            limit: limit + 1,
        };
        let mut events = store::usage::events(&mut conn, scope, asked).await?;
        let more = events.len() > limit;
        events.truncate(limit);
        let next = events.last().filter(|_| more).map(|last| EventCursor {
            at: last.occurred_at,
            id: last.event_id.clone(),
        });
        Ok(page(events, next))
    }

    /// From the first of the days to the end of the last, whichever was named first.
    fn span(&self, query: &EventQuery, zone: Zone) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
        let (first, last) = match (query.from, query.to) {
            (Some(from), Some(to)) => (Some(from.min(to)), Some(from.max(to))),
            named => named,
        };
        let midnight = |day: NaiveDate| zone.instant(day.and_time(NaiveTime::MIN));
        let begins = |day| midnight(day).ok_or(Error::Invalid { field: "date" });
        let next = |day: NaiveDate| day.succ_opt().ok_or(Error::Invalid { field: "date" });
        let from = first.map(begins).transpose()?.unwrap_or(DateTime::UNIX_EPOCH);
        let until = match last {
            Some(last) => begins(next(last)?)?,
            // Events may be an hour ahead.
            None => self.now() + TimeDelta::hours(2),
        };
        Ok((from, until))
    }
}
