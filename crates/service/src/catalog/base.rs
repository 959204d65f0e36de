//! A plan made from another one: what it does not say is as its base says it.

use toml::{Table, Value};

use super::section::Problems;

const KEY: &str = "base";
/// What a version consists of. Name, audience and dates are each plan's own.
const GIVEN: [&str; 4] = ["trial_days", "billing_time", "proration", "prices"];
/// Tables of which a plan may say some entries and leave the others to its base.
const MERGED: [&str; 2] = ["charge", "feature"];
/// Amounts that are the base's are in the base's currency.
const CURRENCY: &str = "currency";

/// Writes out what plans with a base leave unsaid, so that they are read as any other.
pub fn fill_in(root: &mut Table, problems: &Problems) {
    let Some(Value::Table(plans)) = root.get_mut("plan") else {
        return;
    };
    let given = plans.clone();
    for (key, plan) in plans.iter_mut() {
        let Value::Table(plan) = plan else { continue };
        let Some(base) = plan.remove(KEY) else { continue };
        match base_of(&given, &base) {
            Ok(base) if plan.contains_key(CURRENCY) => {
                problems.report(
                    format!("plan.{key}.{CURRENCY}"),
                    "must not be given: it is that of the base plan",
                );
                inherit(plan, base);
            }
            Ok(base) => inherit(plan, base),
            Err(rule) => problems.report(format!("plan.{key}.{KEY}"), rule),
        }
    }
}

fn base_of<'t>(plans: &'t Table, base: &Value) -> Result<&'t Table, &'static str> {
    let Value::String(base) = base else {
        return Err("must be the key of a plan, in quotes");
    };
    match plans.get(base) {
        Some(Value::Table(base)) if base.contains_key(KEY) => Err("must be a plan that has no base itself"),
        Some(Value::Table(base)) => Ok(base),
        _ => Err("must be one of the file's plans"),
    }
}

fn inherit(plan: &mut Table, base: &Table) {
    for key in GIVEN.into_iter().chain([CURRENCY]) {
        if let (false, Some(value)) = (plan.contains_key(key), base.get(key)) {
            plan.insert(key.to_owned(), value.clone());
        }
    }
    for key in MERGED {
        let Some(Value::Table(base)) = base.get(key) else {
            continue;
        };
        match plan.get_mut(key) {
            None => {
                plan.insert(key.to_owned(), Value::Table(base.clone()));
            }
            Some(Value::Table(own)) => {
                // In the base's order, which is that of the price list.
                let mut merged = base.clone();
                for (name, value) in std::mem::take(own) {
                    merged.insert(name, value);
                }
                *own = merged;
            }
            // Told when the plan is read.
            Some(_) => {}
        }
    }
}
