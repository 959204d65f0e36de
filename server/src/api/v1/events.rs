//! `POST /v1/events`: usage events, one, an array or lines. Bad ones are reported by their place; the others are taken.

mod parse;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sdk::events::{Event, MAX_BODY_BYTES, Rejection, Report};
use serde::Deserialize;
use service::{Actor, Billing, EventInput, EventOutcome, MAX_EVENTS};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::body::{self, Query};
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::metrics::Metrics;
use crate::state::AppState;
use parse::{BadEvent, Form, Sent};

/// Reading more than this takes so long that it must not hold up other requests.
const LARGE_BODY: usize = 256 * 1024;
const CONTENT_TYPES: [(&str, Form); 5] = [
    ("application/json", Form::Json),
    ("application/cloudevents+json", Form::Json),
    ("application/cloudevents-batch+json", Form::Json),
    ("application/x-ndjson", Form::Lines),
    ("application/jsonl", Form::Lines),
];
/// The id is known with other content: the one rejection that is about what was there before.
const CONFLICT: &str = "event_conflict";

/// What a sender says of all events of a request.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The events may be up to ten years old: history that comes from elsewhere.
    #[serde(default)]
    backfill: bool,
}

/// One event, or an array of them.
// Read one by one, so that a bad one among them is told by its place.
#[derive(ToSchema)]
#[schema(as = UsageEvents)]
#[expect(dead_code, reason = "describes what is read otherwise")]
#[serde(untagged)]
enum OneOrMany {
    One(Event),
    Many(Vec<Event>),
}

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(ingest))
}

/// Takes usage events.
///
/// One event, an array of up to 10,000, or as many lines of one event each. Of an array and of lines each event has a
/// result of its own: those that are refused are named by their place, the others are taken. An answer of 200 means
/// that what was accepted is stored for good. The same event again is a duplicate and counts once.
#[utoipa::path(
    post, path = "/v1/events", tag = "Usage events", operation_id = "ingestEvents",
    params(Options),
    request_body(content(
        (OneOrMany = "application/json"),
        (OneOrMany = "application/cloudevents+json"),
        (OneOrMany = "application/cloudevents-batch+json"),
        (Event = "application/x-ndjson"),
        (Event = "application/jsonl"),
    )),
    responses((status = 200, description = "What became of the events.", body = Report))
)]
async fn ingest(
    State(billing): State<Billing>,
    State(metrics): State<Metrics>,
    ApiKeyActor(actor): ApiKeyActor,
    options: Result<Query<Options>, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    actor.sends_events()?;
    let Query(Options { backfill }) = options?;
    let form = form(request.headers())?;
    match parse(body::read_up_to(MAX_BODY_BYTES, request).await?, form).await? {
        Sent::One(event) => {
            let outcome = match event {
                Ok(event) => {
                    let event = EventInput { backfill, ..event };
                    store((&billing, &metrics), &actor, vec![event]).await?.pop()
                }
                Err(bad) => {
                    metrics.count_refused_event(bad.code);
                    return Err(unprocessable(bad.code, bad.detail));
                }
            };
            answer_one(outcome)
        }
        Sent::Many(events) => {
            let (mut inputs, mut tally) = sort_out(events, &metrics);
            for input in &mut inputs {
                input.backfill = backfill;
            }
            tally.count(store((&billing, &metrics), &actor, inputs).await?);
            Ok(Json(tally.report()).into_response())
        }
    }
}

/// In portions. Should one fail, what was stored of it and of those before stays: sent again, these events are duplicates,
/// and of the one that failed they are counted as such.
async fn store(
    (billing, metrics): (&Billing, &Metrics),
    actor: &Actor,
    events: Vec<EventInput>,
) -> Result<Vec<EventOutcome>, Problem> {
    let mut outcomes = Vec::with_capacity(events.len());
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() {
        let portion: Vec<EventInput> = events.by_ref().take(MAX_EVENTS).collect();
        let report = billing.ingest(actor, portion).await?;
        metrics.count_events(&report.outcomes);
        outcomes.extend(report.outcomes);
    }
    Ok(outcomes)
}

fn answer_one(outcome: Option<EventOutcome>) -> Result<Response, Problem> {
    let (accepted, duplicates) = match outcome {
        Some(EventOutcome::Accepted) => (1, 0),
        Some(EventOutcome::Duplicate) => (0, 1),
        Some(EventOutcome::Rejected {
            code: CONFLICT,
            detail,
        }) => {
            return Err(Problem::new(StatusCode::CONFLICT, CONFLICT, detail));
        }
        Some(EventOutcome::Rejected { code, detail }) => return Err(unprocessable(code, detail)),
        None => return Err(service::Error::Internal("an event without an outcome").into()),
    };
    Ok(Json(Report {
        accepted,
        duplicates,
        rejected: Vec::new(),
    })
    .into_response())
}

fn unprocessable(code: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
}

/// What became of the events of an array, while it is being found out.
struct Tally {
    /// Where the events that could be read stood, and their ids, in order.
    places: Vec<(usize, String)>,
    report: Report,
}

fn sort_out(events: Vec<Result<EventInput, BadEvent>>, metrics: &Metrics) -> (Vec<EventInput>, Tally) {
    let mut inputs = Vec::with_capacity(events.len());
    let report = Report {
        accepted: 0,
        duplicates: 0,
        rejected: Vec::new(),
    };
    let mut tally = Tally {
        places: Vec::with_capacity(events.len()),
        report,
    };
    for (index, event) in events.into_iter().enumerate() {
        match event {
            Ok(event) => {
                tally.places.push((index, event.event_id.clone()));
                inputs.push(event);
            }
            Err(bad) => {
                metrics.count_refused_event(bad.code);
                tally.reject(index, bad);
            }
        }
    }
    (inputs, tally)
}

impl Tally {
    fn reject(&mut self, index: usize, bad: BadEvent) {
        let rejection = Rejection {
            index,
            id: bad.id,
            code: bad.code.to_owned(),
            detail: bad.detail,
        };
        self.report.rejected.push(rejection);
    }

    fn count(&mut self, outcomes: Vec<EventOutcome>) {
        for ((index, id), outcome) in std::mem::take(&mut self.places).into_iter().zip(outcomes) {
            match outcome {
                EventOutcome::Accepted => self.report.accepted += 1,
                EventOutcome::Duplicate => self.report.duplicates += 1,
                EventOutcome::Rejected { code, detail } => {
                    self.reject(
                        index,
                        BadEvent {
                            id: Some(id),
                            code,
                            detail,
                        },
                    );
                }
            }
        }
    }

    fn report(mut self) -> Report {
        self.report.rejected.sort_by_key(|rejection| rejection.index);
        self.report
    }
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let sent = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    let known = CONTENT_TYPES
        .iter()
        .find(|(known, _)| essence.eq_ignore_ascii_case(known));
    known.map(|(_, form)| *form).ok_or_else(|| {
        let names = CONTENT_TYPES.map(|(name, _)| name).join(", ");
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            format!("send one of {names}"),
        )
    })
}

async fn parse(body: Bytes, form: Form) -> Result<Sent, Problem> {
    if body.len() < LARGE_BODY {
        return parse::parse(&body, form);
    }
    let span = tracing::Span::current();
    let parsed = tokio::task::spawn_blocking(move || span.in_scope(|| parse::parse(&body, form))).await;
    parsed.unwrap_or_else(|_| Err(service::Error::Internal("the reading of events").into()))
}
