//! `/v1/alert_rules`: from where on people are told.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use billing::alert::{Rule, RuleKind, Severity, Step};
use sdk::alerts::{AlertRule, AlertStep, UpdateAlertRule};
use sdk::page::Page;
use service::{Actor, Billing, Error, SetAlertRule, alert_rule_revision};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::body::Json;
use crate::api::etag;
use crate::api::path::Text;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read, update))
}

/// Lists the rules as they hold.
#[utoipa::path(
    get, path = "/v1/alert_rules", tag = "Alerts", operation_id = "listAlertRules",
    responses((status = 200, description = "All of them.", body = Page<AlertRule>))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
) -> Result<axum::Json<Page<AlertRule>>, Problem> {
    let rules = billing.alert_rules(&actor).await?;
    // What the host platform says has no steps.
    let watched = rules.iter().filter(|rule| rule.kind != RuleKind::Host);
    Ok(axum::Json(Page {
        data: watched.map(shape).collect(),
        has_more: false,
        next_cursor: None,
    }))
}

/// Reads a rule.
#[utoipa::path(
    get, path = "/v1/alert_rules/{rule}", tag = "Alerts", operation_id = "readAlertRule",
    params(("rule" = String, Path, description = "`usage`, `budget`, `high_bill`, `overage`, `trial_ending` or `card_expiring`.")),
    responses((status = 200, description = "The rule.", body = AlertRule,
        headers(("ETag" = String, description = "Names this version of it."))))
)]
async fn read(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    kind: Result<Text, Problem>,
) -> Result<Response, Problem> {
    actor.reads_webhooks()?;
    let Text(kind) = kind?;
    let rule = known(&billing, &actor, &kind).await?;
    Ok(answer(&rule))
}

/// Changes a rule, turns it on or off. Nothing is told of what was told before.
#[utoipa::path(
    patch, path = "/v1/alert_rules/{rule}", tag = "Alerts", operation_id = "updateAlertRule",
    params(("rule" = String, Path, description = "`usage`, `budget`, `high_bill`, `overage`, `trial_ending` or `card_expiring`.")),
    request_body = UpdateAlertRule,
    responses((status = 200, description = "The rule as it is now.", body = AlertRule,
        headers(("ETag" = String, description = "Names this version of it."))))
)]
async fn update(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    headers: HeaderMap,
    kind: Result<Text, Problem>,
    asked: Result<Json<UpdateAlertRule>, Problem>,
) -> Result<Response, Problem> {
    actor.manages_webhooks()?;
    let (Text(kind), Json(asked)) = (kind?, asked?);
    let seen = etag::seen(&headers)?.map(str::to_owned);
    let before = known(&billing, &Actor::System, &kind).await?;
    let steps = asked.steps.map(steps).transpose()?;
    let set = SetAlertRule {
        kind: before.kind,
        enabled: asked.enabled.unwrap_or(before.enabled),
        // What is left out stays as it was seen here: should another change it meanwhile, this fails instead.
        seen: seen.or_else(|| Some(alert_rule_revision(&before))),
        steps: steps.unwrap_or(before.steps),
    };
    Ok(answer(&billing.change_alert_rule(&actor, set).await?))
}

async fn known(billing: &Billing, actor: &Actor, kind: &str) -> Result<Rule, Error> {
    const UNKNOWN: Error = Error::NotFound("alert rule");
    let kind = RuleKind::parse(kind).filter(|kind| *kind != RuleKind::Host);
    let kind = kind.ok_or(UNKNOWN)?;
    let rules = billing.alert_rules(actor).await?;
    rules.into_iter().find(|rule| rule.kind == kind).ok_or(UNKNOWN)
}

fn steps(steps: Vec<AlertStep>) -> Result<Vec<Step>, Error> {
    const INVALID: Error = Error::Invalid { field: "steps" };
    let step = |step: AlertStep| -> Result<Step, Error> {
        Ok(Step {
            at: step.at.parse().map_err(|_| INVALID)?,
            severity: Severity::parse(&step.severity).ok_or(INVALID)?,
        })
    };
    steps.into_iter().map(step).collect()
}

fn answer(rule: &Rule) -> Response {
    etag::tagged(&alert_rule_revision(rule), axum::Json(shape(rule)))
}

fn shape(rule: &Rule) -> AlertRule {
    let step = |step: &Step| AlertStep {
        at: step.at.normalize().to_string(),
        severity: step.severity.as_str().to_owned(),
    };
    AlertRule {
        rule: rule.kind.as_str().to_owned(),
        enabled: rule.enabled,
        steps: rule.steps.iter().map(step).collect(),
    }
}
