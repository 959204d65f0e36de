//! Decides about alerts, as customers and operators do, and sets the customer's budget.

use leptos::prelude::*;

use crate::error::AppError;

/// One, or all steps of a value with commas between.
#[server(prefix = "/fn", endpoint = "acknowledge-alert")]
pub async fn acknowledge_alert(alert: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    for (place, id) in super::item::read(&alert)?.into_iter().enumerate() {
        super::item::settled(place, billing.acknowledge_alert(&actor, id).await)?;
    }
    super::item::lead_back(&actor, "alert_acknowledged");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "resolve-alert")]
pub async fn resolve_alert(alert: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    for (place, id) in super::item::read(&alert)?.into_iter().enumerate() {
        super::item::settled(place, billing.resolve_alert(&actor, id).await)?;
    }
    super::item::lead_back(&actor, "alert_resolved");
    Ok(())
}

/// For whole days from now.
#[server(prefix = "/fn", endpoint = "snooze-alert")]
pub async fn snooze_alert(alert: String, days: u32) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let until = billing.now().checked_add_days(chrono::Days::new(days.into()));
    let until = until.ok_or(AppError::Invalid)?;
    for (place, id) in super::item::read(&alert)?.into_iter().enumerate() {
        super::item::settled(place, billing.snooze_alert(&actor, id, until).await)?;
    }
    super::item::lead_back(&actor, "alert_snoozed");
    Ok(())
}

/// In major units, as it is typed. What is refused stands in the form again.
#[server(prefix = "/fn", endpoint = "set-budget")]
pub async fn set_budget(amount: String) -> Result<(), AppError> {
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    let customer = billing.customer(&actor).await?;
    let set = match super::budget::amount(&amount, customer.currency) {
        Ok(amount) => {
            let set = service::SetBudget {
                customer: customer.id,
                amount: Some(amount),
            };
            billing.set_budget(&actor, set).await.map_err(AppError::from)
        }
        Err(error) => Err(error),
    };
    typed::keep(&typed::written(&[("budget", &amount)]), set.is_ok())?;
    set?;
    leptos_axum::redirect("/alerts?done=budget_set");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "remove-budget")]
pub async fn remove_budget() -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let customer = actor.manages_billing()?.customer();
    let set = service::SetBudget {
        customer,
        amount: None,
    };
    billing.set_budget(&actor, set).await?;
    leptos_axum::redirect("/alerts?done=budget_removed");
    Ok(())
}

/// In percent of what is included, with commas between. What is refused stands in the form again.
#[server(prefix = "/fn", endpoint = "set-thresholds")]
pub async fn set_thresholds(meter: String, levels: String) -> Result<(), AppError> {
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    let customer = actor.manages_billing()?.customer();
    let set = match super::thresholds::levels(&levels) {
        Ok(levels) => {
            let set = service::SetThresholds {
                customer,
                meter: meter.clone(),
                levels,
            };
            billing
                .set_usage_thresholds(&actor, set)
                .await
                .map_err(AppError::from)
        }
        Err(error) => Err(error),
    };
    typed::keep(
        &typed::written(&[("meter", &meter), ("levels", &levels)]),
        set.is_ok(),
    )?;
    set?;
    leptos_axum::redirect("/alerts?done=thresholds_set");
    Ok(())
}

/// As the rule has it.
#[server(prefix = "/fn", endpoint = "usual-thresholds")]
pub async fn usual_thresholds(meter: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let set = service::SetThresholds {
        customer: actor.manages_billing()?.customer(),
        meter,
        levels: Vec::new(),
    };
    billing.set_usage_thresholds(&actor, set).await?;
    leptos_axum::redirect("/alerts?done=thresholds_usual");
    Ok(())
}
