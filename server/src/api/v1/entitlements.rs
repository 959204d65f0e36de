//! `GET /v1/customers/{id}/entitlements`: what a customer may do, all of it or one meter or feature.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use sdk::entitlements::{Entitlement, Entitlements, Feature};
use service::{Billing, Error};

use super::usage::{customer, meter_usage, reason};
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/customers/{id}/entitlements", get(list))
        .route("/customers/{id}/entitlements/{key}", get(read))
}

async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Entitlements>, Problem> {
    actor.reads_by_key()?;
    let Path(id) = id.map_err(|_| Error::NotFound("customer"))?;
    let entitlements = billing.entitlements(&actor, customer(&id)?).await?;
    let entitlements = entitlements.into_iter().map(shown).collect();
    Ok(Json(Entitlements { entitlements }))
}

async fn read(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    names: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Entitlement>, Problem> {
    actor.reads_by_key()?;
    let Path((id, key)) = names.map_err(|_| Error::NotFound("customer"))?;
    let entitlement = billing.entitlement(&actor, customer(&id)?, &key).await?;
    Ok(Json(shown(entitlement)))
}

fn shown(entitlement: service::Entitlement) -> Entitlement {
    match entitlement {
        service::Entitlement::Meter(standing) => Entitlement::Meter(meter_usage(standing)),
        service::Entitlement::Feature { feature, granted } => Entitlement::Feature(Feature {
            feature,
            allowed: granted.is_ok(),
            reason: granted.as_ref().err().copied().map(reason),
            value: granted.ok(),
        }),
    }
}
