//! `/v1/subscriptions`: what customers are subscribed to.

mod change;
mod stop;

use std::convert::Infallible;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use billing::catalog::Plan;
use billing::id::SubscriptionId;
use billing::period::Period;
use billing::subscription::{Access, PendingChange, Status, StatusName, SubscriptionItem};
use chrono::{DateTime, TimeDelta, Utc};
use sdk::page::{Page, Paging};
use sdk::subscriptions as wire;
use serde::Deserialize;
use service::{Actor, Aim, Billing, Error, NewSubscription, Owned, Scope, Subscribed, SubscriptionsOf};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape;
use crate::api::body::{self, Query};
use crate::api::cursor::{self, List};
use crate::api::etag;
use crate::api::idempotency::Makes;
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read))
        .merge(change::routes())
        .merge(stop::routes())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// `cus_...`: of this customer alone.
    customer: Option<String>,
    /// pending, incomplete, trialing, active, past_due, paused, suspended, unpaid or canceled.
    status: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many at most, 20 where none is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Lists subscriptions.
#[utoipa::path(
    get, path = "/v1/subscriptions", tag = "Subscriptions", operation_id = "listSubscriptions", params(Asked),
    responses((status = 200, description = "A page of subscriptions.", body = Page<wire::Subscription>))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    asked: Result<Query<Asked>, Problem>,
) -> Result<Json<Page<wire::Subscription>>, Problem> {
    actor.reads_by_key()?;
    let Query(asked) = asked?;
    let customer = asked.customer.as_deref().map(str::parse).transpose();
    let status = match asked.status.as_deref().map(StatusName::parse) {
        Some(None) => return Err(body::bad_query("status is none that there is".to_owned())),
        status => status.flatten(),
    };
    let of = SubscriptionsOf {
        customer: customer.map_err(|_| Error::NotFound("customer"))?,
        status,
    };
    let (cursor, limit) = (asked.cursor, asked.limit);
    let query = cursor::asked(List::Subscriptions, &Paging { cursor, limit })?;
    let now = billing.now();
    let found = billing.list_subscriptions(&actor, of, query).await?;
    let place = |row: &Subscribed| (row.subscription.created_at, row.subscription.id.uuid());
    Ok(Json(cursor::try_page(
        List::Subscriptions,
        found,
        place,
        |row| shown(row, now),
    )?))
}

/// Subscribes a customer.
///
/// Bills the first period at once, on the customer's card or on net terms, or begins with a trial. A customer has one
/// plan; standalone plans stand beside it. Needs the scopes read and write, of a key of the host platform.
#[utoipa::path(
    post, path = "/v1/subscriptions", tag = "Subscriptions", operation_id = "createSubscription",
    request_body = wire::CreateSubscription,
    responses((
        status = 201, description = "The subscription.", body = wire::Subscription,
        headers(("ETag" = String, description = "Names this version of it."))
    ))
)]
async fn create(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Makes(intent): Makes,
    asked: Result<body::Json<wire::CreateSubscription>, Problem>,
) -> Result<Response, Problem> {
    actor.serves_customers()?;
    let body::Json(asked) = asked?;
    let customer = asked.customer.parse().map_err(|_| Error::NotFound("customer"))?;
    let price = shape::wanted_price(
        asked.price.as_deref(),
        asked.plan.as_deref(),
        asked.interval.as_deref(),
    )?;
    let new = NewSubscription {
        customer,
        price: price.ok_or(Error::Invalid { field: "price" })?,
        quantity: asked.quantity.unwrap_or(1),
        trial_days: asked.trial_days,
        starts_at: asked.starts_at,
        ends_at: asked.ends_at,
    };
    let made = Box::pin(billing.create_subscription(&actor, &new, intent)).await?;
    Ok(answer(StatusCode::CREATED, made, billing.now())?)
}

/// Reads a subscription.
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}", tag = "Subscriptions", operation_id = "readSubscription",
    params(("id" = String, Path, description = "`sub_...`.")),
    responses((
        status = 200, description = "The subscription.", body = wire::Subscription,
        headers(("ETag" = String, description = "Names this version of it."))
    ))
)]
async fn read(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<SubscriptionId>, Problem>,
) -> Result<Response, Problem> {
    actor.reads_by_key()?;
    let Id(id) = id?;
    let speaking = speaking(&billing, &actor, id).await?;
    let found = billing.subscription(&speaking, id).await?;
    Ok(answer(StatusCode::OK, found, billing.now())?)
}

/// For the customer whose subscription it is.
async fn speaking(billing: &Billing, actor: &Actor, id: SubscriptionId) -> Result<Actor, Error> {
    billing
        .on_behalf_of_owner(actor, Scope::Read, Owned::Subscription(id))
        .await
}

/// The same, where what is asked is about the customer's plan.
async fn about_the_plan(billing: &Billing, actor: &Actor, id: SubscriptionId) -> Result<Actor, Error> {
    let speaking = speaking(billing, actor, id).await?;
    billing.is_main(&speaking, id).await?;
    Ok(speaking)
}

/// Which subscription is to be changed, what was seen of it, and under which name the request was sent.
struct Aimed(Result<(SubscriptionId, Aim), Problem>);

impl<S: Send + Sync> FromRequestParts<S> for Aimed {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let id = Id::<SubscriptionId>::from_request_parts(parts, state).await;
        let Makes(intent) = Makes::from_request_parts(parts, state).await?;
        Ok(Self(id.and_then(|Id(id)| {
            // What names no version is the name of none there is.
            let version = etag::seen(&parts.headers)?.map(|tag| tag.parse().unwrap_or(u32::MAX));
            let subscription = Some(id);
            let aim = Aim {
                subscription,
                version,
                intent,
            };
            Ok((id, aim))
        })))
    }
}

async fn as_it_is(billing: &Billing, own: &Actor, id: SubscriptionId) -> Result<Response, Problem> {
    let found = billing.subscription(own, id).await?;
    Ok(answer(StatusCode::OK, found, billing.now())?)
}

fn answer(status: StatusCode, found: Subscribed, now: DateTime<Utc>) -> Result<Response, Error> {
    let version = found.subscription.version.to_string();
    Ok(etag::tagged(&version, (status, Json(shown(found, now)?))))
}

fn shown(found: Subscribed, now: DateTime<Utc>) -> Result<wire::Subscription, Error> {
    let Subscribed { subscription, plan } = found;
    let item = subscription
        .plan_item()
        .ok_or(Error::Internal("a subscription to nothing"))?;
    Ok(wire::Subscription {
        id: subscription.id.to_string(),
        customer: subscription.customer.to_string(),
        status: subscription.status.name().as_str().to_owned(),
        access: match subscription.status.access() {
            Access::Full => "full",
            Access::ReadOnly => "read_only",
            Access::None => "none",
        }
        .to_owned(),
        plan: shown_plan(&plan),
        price: shape::price(&item.price),
        quantity: subscription.quantity(),
        standalone: subscription.standalone,
        add_ons: subscription.add_ons().map(add_on).collect(),
        billing_period: period(subscription.billing_period),
        usage_period: period(subscription.usage_period),
        trial: match subscription.status {
            Status::Trialing { ends_at } => Some(trial(ends_at, now)),
            _ => None,
        },
        pause: match subscription.status {
            Status::Paused { since, resume_at } => Some(wire::Pause { since, resume_at }),
            _ => None,
        },
        cancel_at: subscription.cancel_at,
        ends_at: subscription.ends_at,
        canceled: match subscription.status {
            Status::Canceled { reason, at } => Some(wire::Canceled {
                at,
                reason: reason.as_str().to_owned(),
            }),
            _ => None,
        },
        pending_change: subscription.pending_change.map(pending),
        created_at: subscription.created_at,
        version: subscription.version,
    })
}

fn shown_plan(plan: &Plan) -> wire::SubscribedPlan {
    wire::SubscribedPlan {
        id: plan.id.to_string(),
        key: plan.key.clone(),
        name: plan.name.clone(),
        version: plan.version_number,
    }
}

fn add_on(item: &SubscriptionItem) -> wire::SubscribedAddOn {
    wire::SubscribedAddOn {
        plan: item.plan.to_string(),
        price: shape::price(&item.price),
        quantity: item.quantity,
    }
}

fn period(period: Period) -> wire::Period {
    wire::Period {
        start: period.start(),
        end: period.end(),
    }
}

fn trial(ends_at: DateTime<Utc>, now: DateTime<Utc>) -> wire::Trial {
    let left = (ends_at - now).max(TimeDelta::zero());
    let begun = left.num_days() + i64::from(left > TimeDelta::days(left.num_days()));
    wire::Trial {
        ends_at,
        remaining_days: u32::try_from(begun).unwrap_or(u32::MAX),
    }
}

fn pending(change: PendingChange) -> wire::PendingChange {
    match change {
        PendingChange::AtPeriodEnd { price, at, .. } => wire::PendingChange::AtPeriodEnd {
            price: price.to_string(),
            at,
        },
        PendingChange::AwaitingPayment {
            price,
            invoice,
            expires_at,
            ..
        } => wire::PendingChange::AwaitingPayment {
            price: price.to_string(),
            invoice: invoice.to_string(),
            expires_at,
        },
    }
}
