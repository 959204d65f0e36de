//! `/v1/plans`: what is sold.

use axum::Json;
use axum::extract::State;
use billing::catalog::{Audience, MeterCharge};
use billing::entitlement::Allowance;
use sdk::plans::{Feature, Limit, Plan, Plans};
use serde::Deserialize;
use service::{Billing, Error, Scope};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape;
use crate::api::body::Query;
use crate::api::path::Text;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// `cus_...`: with what is sold to this customer alone.
    customer: Option<String>,
}

/// Lists the plans on sale, lowest first.
#[utoipa::path(
    get, path = "/v1/plans", tag = "Plans", operation_id = "listPlans", params(Wanted),
    responses((status = 200, description = "All of them.", body = Plans))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    wanted: Result<Query<Wanted>, Problem>,
) -> Result<Json<Plans>, Problem> {
    let own = actor.reads_by_key()?;
    let Query(wanted) = wanted?;
    let customer = wanted.customer.as_deref().map(str::parse).transpose();
    let customer = customer.map_err(|_| Error::NotFound("customer"))?.or(own);
    let plans = match customer {
        Some(customer) => {
            let speaking = billing.on_behalf_of(&actor, Scope::Read, customer)?;
            billing.customer(&speaking).await?;
            billing.plans_for(&speaking).await?
        }
        None => billing.public_plans().await?,
    };
    let data = plans.into_iter().map(shown).collect();
    Ok(Json(Plans { data }))
}

/// Reads a plan on sale.
#[utoipa::path(
    get, path = "/v1/plans/{plan}", tag = "Plans", operation_id = "readPlan",
    params(("plan" = String, Path, description = "Its key, such as `starter`, or its `plan_...`.")),
    responses((status = 200, description = "The plan.", body = Plan))
)]
async fn read(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    wanted: Result<Text, Problem>,
) -> Result<Json<Plan>, Problem> {
    let own = actor.reads_by_key()?;
    let Text(wanted) = wanted?;
    let plans = match own {
        Some(own) => {
            let speaking = billing.on_behalf_of(&actor, Scope::Read, own)?;
            billing.plans_for(&speaking).await?
        }
        None => billing.public_plans().await?,
    };
    let named = |plan: &billing::catalog::Plan| plan.key == wanted || plan.id.to_string() == wanted;
    let found = plans.into_iter().find(named);
    Ok(Json(shown(found.ok_or(Error::NotFound("plan"))?)))
}

fn shown(plan: billing::catalog::Plan) -> Plan {
    Plan {
        id: plan.id.to_string(),
        version: plan.version_number,
        private: plan.audience != Audience::Everyone,
        trial_days: plan.trial_days,
        prices: plan.list_prices().map(shape::price).collect(),
        limits: plan.charges.iter().map(limit).collect(),
        features: plan.features.into_iter().map(feature).collect(),
        key: plan.key,
        name: plan.name,
        summary: plan.summary,
    }
}

fn limit(charge: &MeterCharge) -> Limit {
    let meter = &charge.meter;
    Limit {
        meter: meter.key.clone(),
        name: meter.name.clone(),
        unit: meter.unit.clone(),
        included: match charge.included {
            Allowance::Units(units) => units.normalize().to_string(),
            Allowance::Unlimited => "-1".to_owned(),
        },
        enforcement: charge.enforcement.as_str().to_owned(),
        reset: meter.reset.as_str().to_owned(),
    }
}

fn feature(feature: billing::catalog::Feature) -> Feature {
    Feature {
        key: feature.key,
        name: feature.name,
        value: feature.value,
    }
}
