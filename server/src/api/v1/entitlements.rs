//! `GET /v1/customers/{id}/entitlements`: what a customer may do, all of it or one meter or feature.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use sdk::entitlements::{Entitlement, Entitlements, FeatureEntitlement};
use service::{Billing, Error};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::usage::{customer, meter_usage, reason};
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

/// Lists what a customer may do.
///
/// Meters first, then features; at most five seconds old.
#[utoipa::path(
    get, path = "/v1/customers/{id}/entitlements", tag = "Entitlements", operation_id = "listEntitlements",
    params(("id" = String, Path, description = "`cus_...`.")),
    responses((status = 200, description = "All of them.", body = Entitlements))
)]
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

/// Says whether a customer may use one more of a meter, or a feature.
#[utoipa::path(
    get, path = "/v1/customers/{id}/entitlements/{key}", tag = "Entitlements", operation_id = "readEntitlement",
    params(
        ("id" = String, Path, description = "`cus_...`."),
        ("key" = String, Path, description = "A meter's or feature's, such as `api_requests`."),
    ),
    responses((status = 200, description = "The one.", body = Entitlement))
)]
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
        service::Entitlement::Feature { feature, granted } => Entitlement::Feature(FeatureEntitlement {
            feature,
            allowed: granted.is_ok(),
            reason: granted.as_ref().err().copied().map(reason),
            value: granted.ok(),
        }),
    }
}
