//! `GET /v1/events_feed`: the events to be fetched, oldest first.

use axum::extract::State;
use sdk::webhooks::{Event, Feed};
use serde::Deserialize;
use service::{Billing, FeedCursor, ToldEvent};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::body::Query;
use crate::api::cursor;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

const USUAL_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The `next_cursor` of an answer before; left out: from the beginning.
    after: Option<String>,
    /// How many at most, 100 where none is said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Lists events, oldest first: whoever goes on from where they were skips nothing.
///
/// A customer's own key reads its customer's events.
#[utoipa::path(
    get, path = "/v1/events_feed", tag = "Webhooks", operation_id = "listEvents", params(Wanted),
    responses((status = 200, description = "The events after a place, and the place after them.", body = Feed))
)]
async fn show(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    wanted: Result<Query<Wanted>, Problem>,
) -> Result<axum::Json<Feed>, Problem> {
    actor.reads_by_key()?;
    let Query(wanted) = wanted?;
    let after = match wanted.after {
        Some(text) => text.parse().map_err(|_| cursor::unknown())?,
        None => FeedCursor::START,
    };
    let limit = cursor::limit(wanted.limit, USUAL_LIMIT, MAX_LIMIT)?;
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
