//! `GET /v1/events_feed`: the events to be fetched, oldest first.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use sdk::webhooks::{Event, Feed};
use serde::Deserialize;
use service::{Billing, FeedCursor, ToldEvent};

use crate::api::body::Query;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

const USUAL_LIMIT: u32 = 100;

pub fn routes() -> Router<AppState> {
    Router::new().route("/events_feed", get(show))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    after: Option<String>,
    limit: Option<u32>,
}

async fn show(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<Feed>, Problem> {
    let after = match asked.after {
        Some(cursor) => cursor.parse()?,
        None => FeedCursor::START,
    };
    let limit = asked.limit.unwrap_or(USUAL_LIMIT);
    let page = billing.events_feed(&actor, after, limit).await?;
    Ok(axum::Json(Feed {
        data: page.events.into_iter().map(shape).collect(),
        has_more: page.has_more,
        next_cursor: page.next.to_string(),
    }))
}

fn shape(told: ToldEvent) -> Event {
    Event {
        id: told.id.to_string(),
        r#type: told.kind,
        timestamp: told.occurred_at,
        sequence: told.sequence,
        customer: told.customer.map(|customer| customer.to_string()),
        subject: told.subject,
        data: told.object,
        change: told.change,
    }
}
