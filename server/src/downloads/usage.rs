//! Usage as files: a period's days, events, and what each customer used.

use app::error::AppError;
use app::portal::usage::Asked;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use billing::usage::Measure;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::stream::{self, Stream, StreamExt};
use rust_decimal::Decimal;
use service::{Actor, Billing, CustomerMonth, Error, EventPage, EventQuery, MAX_EXPORTED, UsageOverview};
use tower_sessions::Session;

use super::{actor, csv, csv_stream, line, page, refused, text};
use crate::state::AppState;

const PAGE: &str = "/usage";
const ADMIN_PAGE: &str = "/admin/usage";

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/usage/days.csv", get(days))
        .route("/usage/events.csv", get(events))
        .route("/admin/usage/customers.csv", get(customers))
}

/// Each day of each meter in the period that the page shows.
async fn days(State(billing): State<Billing>, session: Session, RawQuery(query): RawQuery) -> Response {
    let Ok(asked) = asked(query) else {
        return page(AppError::Invalid);
    };
    let load = async || {
        let actor = actor(&billing, &session).await?;
        billing.usage_overview(&actor, asked.period).await
    };
    answer(load().await, "usage-days.csv", days_file, PAGE)
}

/// The newest events that the page's filters find, sent as they are read.
async fn events(State(billing): State<Billing>, session: Session, RawQuery(query): RawQuery) -> Response {
    let Ok(asked) = asked(query) else {
        return page(AppError::Invalid);
    };
    let load = async || {
        let actor = actor(&billing, &session).await?;
        let first = billing.usage_event_rows(&actor, &asked.events).await?;
        Ok((actor, first))
    };
    match load().await {
        Ok((actor, first)) => {
            let rows = EventRows {
                billing: billing.clone(),
                actor,
                query: asked.events,
                left: MAX_EXPORTED,
            };
            csv_stream("usage-events.csv", rows.stream(first))
        }
        Err(error) => refused(&error, PAGE),
    }
}

/// What of a file is not sent yet.
struct EventRows {
    billing: Billing,
    actor: Actor,
    query: EventQuery,
    left: usize,
}

impl EventRows {
    /// A part of the file for each page of events, after the head. Where one cannot be read the file breaks off, so that
    /// nobody takes it for the whole.
    fn stream(self, first: EventPage) -> impl Stream<Item = Result<String, Error>> + Send {
        let head = String::from("event_id,meters,value,occurred_at,received_at,source,reversed_by,data\r\n");
        let parts = stream::try_unfold(Some((self, first)), |state| async move {
            let Some((mut rows, page)) = state else {
                return Ok(None);
            };
            let part = events_part(&page, rows.left);
            rows.left = rows.left.saturating_sub(page.events.len());
            rows.query.after = page.next;
            let next = match rows.left > 0 && rows.query.after.is_some() {
                true => Some(rows.billing.usage_event_rows(&rows.actor, &rows.query).await?),
                false => None,
            };
            Ok(Some((part, next.map(|page| (rows, page)))))
        });
        stream::once(async { Ok(head) }).chain(parts)
    }
}

async fn customers(State(billing): State<Billing>, session: Session) -> Response {
    let load = async || {
        let actor = actor(&billing, &session).await?;
        billing.usage_report_rows(&actor).await
    };
    let file = |rows: &Vec<CustomerMonth>| customers_file(rows);
    answer(load().await, "usage-customers.csv", file, ADMIN_PAGE)
}

fn asked(query: Option<String>) -> Result<Asked, AppError> {
    Asked::of_query(&query.unwrap_or_default())
}

fn answer<T>(
    loaded: Result<T, Error>,
    name: &'static str,
    file: impl Fn(&T) -> String,
    of_page: &str,
) -> Response {
    match loaded {
        Ok(rows) => csv(name, file(&rows)),
        Err(error) => refused(&error, of_page),
    }
}

fn days_file(usage: &UsageOverview) -> String {
    let mut file = String::from("day,meter,unit,measure,value,so_far\r\n");
    for own in &usage.meters {
        let measure = measure(Measure::of(&own.meter));
        for day in &own.days {
            let fields = [
                day.day.to_string(),
                text(&own.meter.key),
                text(&own.meter.unit),
                measure.to_owned(),
                number(day.value),
                number(day.so_far),
            ];
            line(&mut file, &fields);
        }
    }
    file
}

/// What a day's value tells.
const fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Used => "used",
        Measure::Events => "events",
        Measure::Level => "level",
        Measure::Greatest => "greatest",
        Measure::Least => "least",
        Measure::Latest => "latest",
    }
}

fn events_part(found: &EventPage, limit: usize) -> String {
    let mut file = String::new();
    for event in found.events.iter().take(limit) {
        let keys = found
            .catalog
            .iter()
            .filter(|meter| event.meters.contains(&meter.id));
        let keys: Vec<_> = keys.map(|meter| meter.key.as_str()).collect();
        let fields = [
            text(&event.event_id),
            text(&keys.join(" ")),
            number(Some(event.value)),
            instant(event.occurred_at),
            instant(event.received_at),
            text(&event.source),
            text(event.reversed_by.as_deref().unwrap_or_default()),
            text(&event.data.to_string()),
        ];
        line(&mut file, &fields);
    }
    file
}

fn customers_file(rows: &[CustomerMonth]) -> String {
    let mut file = String::from("customer,name,meter,unit,this_month,last_month\r\n");
    for row in rows {
        let fields = [
            row.customer.to_string(),
            text(&row.name),
            text(&row.meter.key),
            text(&row.meter.unit),
            number(Some(row.this_month)),
            number(row.last_month),
        ];
        line(&mut file, &fields);
    }
    file
}

fn number(value: Option<Decimal>) -> String {
    value.map_or_else(String::new, |value| value.normalize().to_string())
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
