//! What events come to, and which grants they burn.

use std::collections::BTreeMap;
use std::fmt::Display;

use billing::catalog::{Aggregation, Meter, Reset, Selection, UnitPrice};
use billing::credit::grant::{self, DEFAULT_PRIORITY, Grant, GrantUsage, Rollover};
use billing::id::{GrantId, MeterId};
use billing::period::{Anchor, Interval, Period, Step, Zone};
use billing::rating::{Package, PackageTerms, PerUnit, Scheme};
use billing::usage::{
    Event, SetChange, SpanUsage, Tally, ValueSet, average_level, first_to_arrive, late, total,
};
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::case::{Case, Fields};

pub fn run(case: &Case) -> Option<Result<Value, String>> {
    let answer = match (case.op.as_str(), case.rule.as_str()) {
        ("aggregate", "unique_count_add_remove") => aggregate_unique(case),
        (
            "aggregate",
            "basic_aggregations"
            | "dedup_by_id_first_wins"
            | "empty_is_zero"
            | "latest_replaces"
            | "max_in_period"
            | "window_excludes_outside",
        ) => aggregate(case),
        ("aggregate_bounds", "boundary_convention") => aggregate_bounds(case),
        ("boundary_once", "boundary_event_in_current_period_only") => boundary_once(case),
        ("late_usage", "late_usage_billed_for_its_own_period_within_n_periods") => late_usage(case),
        ("weighted_sum", "time_weighted_level") => weighted_sum(case),
        ("weighted_sum_groups", "time_weighted_level_per_group") => weighted_sum_groups(case),
        (
            "grant_burn_down",
            "priority_then_expiry_then_id"
            | "grant_absorbs_earlier_overage"
            | "recurrence_resets_to_amount_minus_overage",
        ) => grant_burn_down(case),
        ("grant_rollover", "min_max_rollover_clamp") => grant_rollover(case),
        (
            "aggregate"
            | "aggregate_bounds"
            | "boundary_once"
            | "late_usage"
            | "weighted_sum"
            | "weighted_sum_groups"
            | "grant_burn_down"
            | "grant_rollover",
            _,
        ) => case.unknown_rule(),
        _ => return None,
    };
    Some(answer)
}

fn aggregate_unique(case: &Case) -> Result<Value, String> {
    let events = case.list("events")?;
    let unique = unique(&arrived(case, &events)?, window(case)?)?;
    Ok(json!({ "unique": unique }))
}

fn aggregate(case: &Case) -> Result<Value, String> {
    let (events, window) = (case.list("events")?, window(case)?);
    let events = stored(arrived(case, &events)?)?;
    let mut got = Map::new();
    for aggregation in [
        Aggregation::Count,
        Aggregation::Sum,
        Aggregation::Min,
        Aggregation::Max,
        Aggregation::Latest,
    ] {
        let value = counted(aggregation, window, &events)?;
        got.insert(aggregation.as_str().to_owned(), json!(value));
    }
    let latest = |events: &[Event]| counted(Aggregation::Latest, window, events);
    let first_two = events.get(..2).unwrap_or(&events);
    got.insert("latest_after_two".to_owned(), json!(latest(first_two)?));
    if let Some(unit_price) = case.decimal_or_none("unit_price")? {
        let amount = at_unit_price(unit_price, latest(&events)?)?;
        got.insert("amount".to_owned(), json!(amount));
    }
    Ok(Value::Object(got))
}

/// The events in order of arrival, deduplicated where the case says so.
fn arrived<'a>(case: &Case, events: &'a [Fields]) -> Result<Vec<&'a Fields>, String> {
    match case.has("dedup").then(|| case.text("dedup")).transpose()? {
        None => Ok(events.iter().collect()),
        Some("first" | "id_first") => {
            for event in events {
                event.text("id")?;
            }
            Ok(first_to_arrive(events, |event| {
                event.text("id").unwrap_or_default()
            }))
        }
        Some(other) => Err(case.error("dedup", format!("unknown way `{other}`"))),
    }
}

/// An inclusive end is the half-open one a microsecond later, the precision events are kept in.
fn window(case: &Case) -> Result<Period, String> {
    let end = case.instant("to")?;
    let end = if case.has("to_inclusive") && case.flag("to_inclusive")? {
        end + TimeDelta::microseconds(1)
    } else {
        end
    };
    Period::new(case.instant("from")?, end).map_err(text)
}

fn stored<'a>(events: impl IntoIterator<Item = &'a Fields>) -> Result<Vec<Event>, String> {
    let event = |event: &Fields| {
        Event::new(event.instant("at")?, event.decimal("value")?, Aggregation::Sum)
            .map_err(|error| event.error("value", error))
    };
    events.into_iter().map(event).collect()
}

fn unique(events: &[&Fields], window: Period) -> Result<usize, String> {
    let mut set = ValueSet::default();
    for event in events {
        let change = match event.has("op").then(|| event.text("op")).transpose()? {
            None | Some("add") => SetChange::Add,
            Some("remove") => SetChange::Remove,
            Some(other) => return Err(event.error("op", format!("unknown operation `{other}`"))),
        };
        let at = event.instant("at")?;
        if window.contains(at) {
            set.apply(event.text("value")?, at, change);
        }
    }
    Ok(set.len())
}

fn counted(aggregation: Aggregation, window: Period, events: &[Event]) -> Result<Decimal, String> {
    total(&meter(aggregation, Reset::UsagePeriod), window, &around(events)).map_err(text)
}

fn meter(aggregation: Aggregation, reset: Reset) -> Meter {
    Meter {
        id: MeterId::from_uuid(Uuid::nil()),
        key: String::new(),
        name: String::new(),
        unit: String::new(),
        aggregation,
        reset,
        selection: Selection::default(),
    }
}

fn around(events: &[Event]) -> SpanUsage {
    SpanUsage {
        edges: events.to_vec(),
        ..SpanUsage::default()
    }
}

fn at_unit_price(amount: Decimal, quantity: Decimal) -> Result<Decimal, String> {
    let per = Decimal::ONE;
    let scheme = Scheme::PerUnit(PerUnit::new(UnitPrice { amount, per }).map_err(text)?);
    let amount = scheme.rate(quantity).map_err(text)?.amount().map_err(text)?;
    amount
        .decimal()
        .ok_or_else(|| "the amount has no end in decimals".to_owned())
}

/// The months of March and April of the year the events lie in.
fn aggregate_bounds(case: &Case) -> Result<Value, String> {
    let events = stored(&case.list("events")?)?;
    let year = events.iter().map(|event| event.occurred_at().year()).min();
    let month = |month| {
        let first = NaiveDate::from_ymd_opt(year.unwrap_or(2024), month, 1).ok_or("out of range")?;
        let month = Period::calendar_month(first, Zone::UTC).map_err(text)?;
        counted(Aggregation::Sum, month, &events)
    };
    Ok(json!({ "april_from_midnight": month(4)?, "march_half_open": month(3)? }))
}

/// A count that carries over: an event on the start that was also carried would count twice.
fn boundary_once(case: &Case) -> Result<Value, String> {
    let current = Period::calendar_month(START.date_naive(), Zone::UTC).map_err(text)?;
    let at = |count: &str, second: i64| {
        let event = Event::stored(current.start() + TimeDelta::seconds(second), Decimal::ONE);
        let count = usize::try_from(case.count(count)?).map_err(text)?;
        Ok::<_, String>(vec![event; count])
    };
    let events = [
        at("previous_period_events", -1)?,
        at("events_on_boundary", 0)?,
        at("current_period_events", 1)?,
    ];
    let meter = meter(Aggregation::Count, Reset::Never);
    let count = total(&meter, current, &around(&events.concat())).map_err(text)?;
    Ok(json!({ "count": count }))
}

fn late_usage(case: &Case) -> Result<Value, String> {
    let invoiced_until = case.midnight("last_invoiced_end")?;
    // Only the day is known of the anchor: the first month of it all has every day.
    let day = NaiveDate::from_ymd_opt(1970, 1, invoiced_until.day()).ok_or("out of range")?;
    let anchor = Anchor::new(day.and_time(NaiveTime::MIN).and_utc(), Zone::UTC);
    let usage = case.list("usage")?;
    let usage = usage
        .iter()
        .map(|usage| Ok(Event::stored(usage.midnight("on")?, usage.decimal("units")?)));
    let usage = usage.collect::<Result<Vec<_>, String>>()?;
    let cutoff = late::cutoff(anchor, invoiced_until, case.count("lookback_periods")?).map_err(text)?;
    let price = case.minor("block_price_minor")?;
    let blocks = Package::new(PackageTerms {
        size: case.decimal("block_size")?,
        price: price.major(),
        free_units: Decimal::ZERO,
    });
    let blocks = Scheme::Package(blocks.map_err(text)?);
    let line = |(period, units): (Period, Decimal)| {
        let rated = blocks.rate(units).map_err(text)?;
        let amount = rated.round(price.currency()).map_err(text)?;
        let month = period.start().format("%Y-%m").to_string();
        Ok(json!({ "month": month, "units": units, "amount_minor": amount.minor() }))
    };
    let periods = late::by_own_period(anchor, cutoff, &usage).map_err(text)?;
    let lines = periods
        .into_iter()
        .map(line)
        .collect::<Result<Vec<_>, String>>()?;
    Ok(json!({ "cutoff": cutoff.date_naive(), "lines": lines }))
}

fn weighted_sum(case: &Case) -> Result<Value, String> {
    Ok(json!({ "value": level(case, &case.list("events")?)? }))
}

fn weighted_sum_groups(case: &Case) -> Result<Value, String> {
    let groups = case.object("groups")?;
    let levels = groups
        .names()
        .map(|group| Ok((group.to_owned(), json!(level(case, &groups.list(group)?)?))));
    Ok(Value::Object(levels.collect::<Result<_, String>>()?))
}

fn level(case: &Case, events: &[Fields]) -> Result<Decimal, String> {
    let period = Period::new(case.instant("from")?, case.instant("to_exclusive")?).map_err(text)?;
    let carried = case.decimal_or_none("initial")?;
    let usage = SpanUsage {
        earlier: carried.map(|level| Tally::of(&Event::stored(period.start(), level))),
        ..around(&stored(events)?)
    };
    average_level(period, &usage, case.count("round_digits")?).map_err(text)
}

fn grant_burn_down(case: &Case) -> Result<Value, String> {
    let grants = case.list("grants")?;
    let mut names = grants
        .iter()
        .map(|grant| grant.text("id"))
        .collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    // Identities in the order of the case's names.
    let ids: BTreeMap<&str, GrantId> = names
        .iter()
        .zip(1..)
        .map(|(name, n)| (*name, GrantId::from_uuid(Uuid::from_u128(n))))
        .collect();
    let grants = grants.iter().map(|fields| grant(fields, ids[fields.text("id")?]));
    let grants = grants.collect::<Result<Vec<_>, _>>()?;
    let usage = case.pairs("usage")?.into_iter().map(|(units, at)| {
        let at = offset(at).ok_or_else(|| case.error("usage", at))?;
        Ok(GrantUsage { at, units })
    });
    let usage = usage.collect::<Result<Vec<_>, String>>()?;
    let from = offset_or_none(case, "start")?.unwrap_or(START);
    let until = offset_or_none(case, "until")?.ok_or("until: missing")?;
    let result = grant::burn_down(&grants, &usage, from, until).map_err(text)?;
    let balances = ids
        .iter()
        .map(|(name, id)| ((*name).to_owned(), json!(result.balances[id].left)));
    let balances: Map<String, Value> = balances.collect();
    Ok(json!({ "balances": balances, "overage": result.overage }))
}

fn grant(fields: &Fields, id: GrantId) -> Result<Grant, String> {
    let recurs = fields.has("recurs").then(|| fields.text("recurs")).transpose()?;
    let recurrence = match recurs {
        None => None,
        Some("daily") => Some(Step::Days(1)),
        Some("weekly") => Some(Interval::Week.into()),
        Some("monthly") => Some(Interval::Month.into()),
        Some("yearly") => Some(Interval::Year.into()),
        Some(other) => return Err(fields.error("recurs", format!("unknown interval `{other}`"))),
    };
    Ok(Grant {
        id,
        amount: fields.decimal("amount")?,
        priority: fields.count_or_none("priority")?.unwrap_or(DEFAULT_PRIORITY),
        effective_at: offset_or_none(fields, "effective")?.unwrap_or(START),
        expires_at: offset_or_none(fields, "expires")?,
        recurrence,
    })
}

/// The period's start, which offsets are relative to.
const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn offset_or_none(fields: &Fields, name: &str) -> Result<Option<DateTime<Utc>>, String> {
    if !fields.has(name) {
        return Ok(None);
    }
    let text = fields.text(name)?;
    offset(text).map_or_else(|| Err(fields.error(name, text)), |at| Ok(Some(at)))
}

/// `0`, or a sign, a number and a unit: `+30d`, `-1h`, `+100y`.
fn offset(text: &str) -> Option<DateTime<Utc>> {
    let digits = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let n: i64 = number.parse().ok()?;
    let span = match unit {
        "" if n == 0 => TimeDelta::zero(),
        "s" => TimeDelta::try_seconds(n)?,
        "m" | "min" => TimeDelta::try_minutes(n)?,
        "h" => TimeDelta::try_hours(n)?,
        "d" => TimeDelta::try_days(n)?,
        "w" => TimeDelta::try_weeks(n)?,
        "mo" => return months_from_start(n),
        "y" => return months_from_start(n.checked_mul(12)?),
        _ => return None,
    };
    START.checked_add_signed(span)
}

fn months_from_start(n: i64) -> Option<DateTime<Utc>> {
    let months = Months::new(u32::try_from(n.unsigned_abs()).ok()?);
    if n < 0 {
        START.checked_sub_months(months)
    } else {
        START.checked_add_months(months)
    }
}

fn grant_rollover(case: &Case) -> Result<Value, String> {
    let balance = |fields: Fields| {
        let rollover = Rollover {
            min: fields.decimal("min")?,
            max: fields.decimal("max")?,
        };
        let overage = fields.decimal_or_none("overage")?.unwrap_or_default();
        let reset = rollover.reset(fields.decimal("balance")?, overage);
        reset.map(|reset| reset.balance).map_err(text)
    };
    let balances = case.list("resets")?.into_iter().map(balance);
    Ok(json!({ "balances": balances.collect::<Result<Vec<_>, String>>()? }))
}

fn text(error: impl Display) -> String {
    error.to_string()
}
