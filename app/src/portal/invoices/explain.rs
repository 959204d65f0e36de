//! How a line's amount came about, in words and numbers that reproduce it.

use billing::catalog::UnitPrice;
use billing::credit::{CreditLine, GivenPart};
use billing::invoice::{AddOnPart, Explain, IncludedPart, Line, LineDiscount, MaximumSpend, MinimumSpend};
use billing::money::{Currency, Money};
use billing::period::{Period, Zone};
use billing::proration::Share;
use billing::rating::{Fraction, Part, PartOf};
use billing::tax::LineTax;
use rust_decimal::Decimal;

use crate::format;
use crate::portal::coupon;
use crate::text::en::invoices::explain as t;
use crate::text::en::portal::lines as l;

/// Beyond this an exact amount is shown with dots: nobody checks a seventh decimal.
const SHOWN_DECIMALS: u32 = 6;
const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// One sentence each: how the amount came about, what each coupon takes off it and leaves, and what tax it holds.
pub fn sentences(line: &Line, zone: Zone) -> Vec<String> {
    let mut sentences = amount_words(line, zone);
    let mut left = line.draft.amount;
    for discount in &line.discounts {
        let before = left;
        left = before.minus(discount.amount).unwrap_or(line.net);
        sentences.push(discount_words(discount, before, left));
    }
    sentences.extend(held_words(line, left));
    sentences
}

/// `Of $199.00, $18.09 (GST 10%) is tax: $180.91 without it.` Nothing where tax is added.
fn held_words(line: &Line, left: Money) -> Option<String> {
    let named = |held: &LineTax| {
        let rate = format::rate(held.tax.rate.fraction());
        t::held_tax(&format::money(held.amount), &l::tax(&held.tax.name, &rate))
    };
    let taxes: Vec<_> = line.taxes.iter().map(named).collect();
    let taxes = taxes.join(t::AND);
    if line.amount != line.draft.amount {
        // Of a credit the part without tax was explained.
        return Some(t::held_too(&taxes, &format::money(line.amount)));
    }
    let net = format::money(line.net);
    (line.net != left).then(|| t::held(&format::money(left), &taxes, &net))
}

/// `Launch, 20% off: $199.00 − $39.80 = $159.20.`
fn discount_words(discount: &LineDiscount, before: Money, left: Money) -> String {
    let coupon = coupon::named(&discount.name, discount.discount);
    let [before_words, off, left] = [before, discount.amount, left].map(format::money);
    // Of this line alone it would have taken something else: it was spread over several.
    if discount.discount.off(before) == Ok(discount.amount) {
        t::discount(&coupon, &before_words, &off, &left)
    } else {
        t::discount_share(&coupon, &before_words, &off, &left)
    }
}

/// The last sentence ends in the line's amount.
fn amount_words(line: &Line, zone: Zone) -> Vec<String> {
    let amount = line.draft.amount;
    match &line.draft.explain {
        Explain::Flat { price, quantity } => {
            vec![t::flat(
                &quantity.to_string(),
                &format::money(*price),
                &format::money(amount),
            )]
        }
        Explain::Rated { .. } => rated_words(&line.draft.explain, amount, zone),
        Explain::TrueUp {
            minimum,
            share,
            billed,
        } => vec![
            share_words(*share),
            t::true_up(
                &format::money(*minimum),
                &format::money(*billed),
                &format::money(amount),
            ),
        ],
        Explain::LateUsage { .. } => late_words(&line.draft.explain, amount, zone),
        Explain::Overage {
            meter: _,
            aggregation,
            used,
            included,
            beyond,
            price,
            counted,
            currency,
        } => vec![
            counted_use(*used, aggregation, *counted, zone),
            t::included(&format::quantity(*included), &format::quantity(*beyond)),
            units_times_price(*beyond, *price, *currency, amount),
        ],
        Explain::Prorated { basis, share, credit } => prorated(*basis, *share, *credit, amount),
        Explain::Capped { basis, share, limit } => capped(*basis, *share, *limit, amount),
        // By hand nothing is given back on an invoice.
        Explain::Part { of, discount, given } => part(*of, *discount, *given),
        Explain::Rest { left } => vec![t::rest(&format::money(*left))],
    }
}

/// A part of a line's amount, less the part of the discount that it never cost.
fn part(of: Money, discount: Money, given: Money) -> Vec<String> {
    let left = GivenPart { of, discount, given }.after_discount();
    let off = left.and_then(|left| given.minus(left)).unwrap_or(discount);
    let words = format::money;
    let mut sentences = vec![t::part_given(&words(given), &words(of))];
    if let Ok(left) = left
        && !discount.is_zero()
    {
        sentences.push(t::part_discount(
            (&words(off), &words(discount)),
            &words(given),
            &words(left),
        ));
    }
    sentences
}

fn prorated(basis: Money, share: Share, credit: bool, amount: Money) -> Vec<String> {
    let mut sentences = vec![share_words(share)];
    if credit {
        sentences.push(t::CREDIT.to_owned());
    }
    sentences.push(share_of(basis, share, credit, amount));
    sentences
}

fn capped(basis: Money, share: Share, limit: Money, amount: Money) -> Vec<String> {
    let uncapped = share.apply(basis).and_then(Money::negate).unwrap_or(amount);
    vec![
        share_words(share),
        share_of(basis, share, true, uncapped),
        t::capped(&format::money(limit)),
    ]
}

/// The same of what a credit note gives back.
pub fn credit_sentences(line: &CreditLine) -> Vec<String> {
    let net = line.net.negate().unwrap_or(line.net);
    match &line.explain {
        Explain::Prorated { basis, share, .. } => prorated(*basis, *share, true, net),
        Explain::Capped { basis, share, limit } => capped(*basis, *share, *limit, net),
        Explain::Part { of, discount, given } => part(*of, *discount, *given),
        Explain::Rest { left } => vec![t::rest(&format::money(*left))],
        _ => Vec::new(),
    }
}

/// Each part on its own, then what they come to; a single price for all units needs no parts.
fn rated_words(explain: &Explain, amount: Money, zone: Zone) -> Vec<String> {
    let Explain::Rated {
        meter: _,
        aggregation,
        used,
        included,
        included_part,
        add_ons,
        rated,
        maximum,
        counted,
        currency,
    } = explain
    else {
        return Vec::new();
    };
    let mut sentences = vec![counted_use(*used, aggregation, *counted, zone)];
    if let Some(IncludedPart { whole, served }) = included_part {
        let added = add_ons.iter().map(|part| part.units).sum::<Decimal>();
        sentences.push(share_words(*served));
        sentences.push(t::included_part(
            &format::quantity(*whole),
            &format::quantity(included.checked_sub(added).unwrap_or(*included)),
        ));
    }
    sentences.extend(add_ons.iter().map(add_on_words));
    if !included.is_zero() {
        let beyond = used.checked_sub(*included).unwrap_or_default().max(Decimal::ZERO);
        sentences.push(t::included(
            &format::quantity(*included),
            &format::quantity(beyond),
        ));
    }
    if let ([part], None) = (rated.parts(), maximum)
        && part.of == PartOf::Units
    {
        sentences.push(units_times_price(part.units, part.price, *currency, amount));
        return sentences;
    }
    sentences.extend(rated.parts().iter().map(|part| part_words(part, *currency)));
    let sum = rated.amount().ok().and_then(Fraction::decimal);
    sentences.push(match maximum {
        None => equals(t::TOGETHER, sum, amount),
        Some(MaximumSpend { maximum, billed }) => t::at_most(
            &format::money(*maximum),
            &format::money(*billed),
            &format::money(amount),
        ),
    });
    sentences
}

/// What is known by now and was before, what all of it comes to, and what is left to bill of that.
fn late_words(explain: &Explain, amount: Money, zone: Zone) -> Vec<String> {
    let Explain::LateUsage {
        meter: _,
        aggregation,
        used,
        known,
        included,
        included_part,
        rated,
        minimum,
        maximum,
        billed,
        counted,
    } = explain
    else {
        return Vec::new();
    };
    let mut sentences = vec![
        counted_use(*used, aggregation, *counted, zone),
        t::known(&format::quantity(*known)),
    ];
    if let Some(IncludedPart { whole, served }) = included_part {
        sentences.push(share_words(*served));
        let included = format::quantity(included.unwrap_or_default());
        sentences.push(t::included_part(&format::quantity(*whole), &included));
    }
    if let Some(included) = included.filter(|included| !included.is_zero()) {
        let beyond = used.checked_sub(included).unwrap_or_default().max(Decimal::ZERO);
        sentences.push(t::included(
            &format::quantity(included),
            &format::quantity(beyond),
        ));
    }
    let currency = billed.currency();
    sentences.extend(rated.parts().iter().map(|part| part_words(part, currency)));
    if let Some(maximum) = maximum {
        sentences.push(t::maximum(&format::money(*maximum)));
    }
    if let Some(MinimumSpend { minimum, share }) = minimum {
        sentences.push(share_words(*share));
        sentences.push(t::minimum(&format::money(*minimum)));
    }
    let by_now = billed.plus(amount).unwrap_or(amount);
    sentences.push(t::late(
        &format::money(by_now),
        &format::money(*billed),
        &format::money(amount),
    ));
    sentences
}

/// Carried for all of the period it adds so many times what one includes, else its part of that.
fn add_on_words(part: &AddOnPart) -> String {
    let (units, each) = (format::quantity(part.units), format::quantity(part.each));
    let Share { seconds, of_seconds } = part.carried;
    if of_seconds > 0 && seconds % of_seconds == 0 {
        let times = format::quantity(Decimal::from(seconds / of_seconds));
        return t::add_on(&part.name, &units, &times, &each);
    }
    let (carried, whole) = (format::span(seconds), format::span(of_seconds));
    t::add_on_part(&part.name, &units, &each, (&carried, &whole))
}

fn share_words(share: Share) -> String {
    let (served, whole) = (format::span(share.seconds), format::span(share.of_seconds));
    if whole_days(share).is_some() {
        t::share_of_days(&served, &whole)
    } else {
        t::share(&served, &whole)
    }
}

/// Of a share that is one of days too, whatever it was measured in.
fn whole_days(share: Share) -> Option<(Decimal, Decimal)> {
    let days = |seconds: i64| (seconds % SECONDS_A_DAY == 0).then(|| Decimal::from(seconds / SECONDS_A_DAY));
    Some((days(share.seconds)?, days(share.of_seconds)?))
}

fn counted_use(used: Decimal, aggregation: &str, counted: Period, zone: Zone) -> String {
    let (from, to) = (
        format::date_time_exact(counted.start(), zone),
        format::date_time_exact(counted.end(), zone),
    );
    t::used(&format::quantity(used), t::aggregation(aggregation), &from, &to)
}

/// `Above 10, up to 20: 5 × $0.50 = $2.50.`
fn part_words(part: &Part, currency: Currency) -> String {
    let quantity = |units: Decimal| format::quantity(units);
    let tier = |from: Decimal, up_to: Option<Decimal>| match up_to {
        Some(up_to) => t::tier(&quantity(from), &quantity(up_to)),
        None => t::last_tier(&quantity(from)),
    };
    let what = match part.of {
        PartOf::Flat => t::FLAT_AMOUNT.to_owned(),
        PartOf::Units => t::UNITS.to_owned(),
        PartOf::Tier { from, up_to } => tier(from, up_to),
        PartOf::TierFlat { from, up_to } => t::tier_flat(&tier(from, up_to)),
        PartOf::Packages { size } => t::packages(&quantity(size)),
        PartOf::Rate => t::RATE.to_owned(),
        PartOf::Events => t::EVENTS.to_owned(),
        PartOf::EventMinimum => t::EVENT_MINIMUM.to_owned(),
        PartOf::EventMaximum => t::EVENT_MAXIMUM.to_owned(),
    };
    let amount = part.amount().ok().and_then(Fraction::decimal);
    let formula = match part.of {
        // The price of a hundred units is no amount of money here.
        PartOf::Rate => t::percent_of(&quantity(part.units), &quantity(part.price.amount)),
        _ => times(part.units, part.price, currency),
    };
    t::part(
        &what,
        &formula,
        amount.map(|amount| shown(amount, currency)).as_deref(),
    )
}

/// `12,345 × $0.50 ÷ 1,000 = $6.1725, rounded once to $6.17.`
fn units_times_price(units: Decimal, price: UnitPrice, currency: Currency, amount: Money) -> String {
    let formula = times(units, price, currency);
    let exact = units
        .checked_mul(price.amount)
        .and_then(|product| product.checked_div(price.per));
    equals(&formula, exact, amount)
}

fn times(units: Decimal, price: UnitPrice, currency: Currency) -> String {
    let unit_price = format::major(price.amount, currency);
    let mut formula = format!("{} × {unit_price}", format::quantity(units));
    if price.per != Decimal::ONE {
        formula.push_str(&format!(" ÷ {}", format::quantity(price.per)));
    }
    formula
}

/// `$199.00 × 1,209,600 s ÷ 2,678,400 s = $89.870967…, rounded once to $89.87.`
fn share_of(basis: Money, share: Share, credit: bool, amount: Money) -> String {
    let sign = if credit { "\u{2212}" } else { "" };
    let seconds = (Decimal::from(share.seconds), Decimal::from(share.of_seconds));
    let ((served, whole), unit) = whole_days(share).map_or((seconds, "\u{a0}s"), |days| (days, ""));
    let formula = format!(
        "{sign}{} × {}{unit} ÷ {}{unit}",
        format::money(basis),
        format::quantity(served),
        format::quantity(whole)
    );
    let exact = basis
        .major()
        .checked_mul(served)
        .and_then(|product| product.checked_div(whole));
    equals(
        &formula,
        exact.map(|exact| if credit { -exact } else { exact }),
        amount,
    )
}

fn equals(formula: &str, exact: Option<Decimal>, amount: Money) -> String {
    let rounded = format::money(amount);
    match exact.filter(|exact| *exact != amount.major()) {
        Some(exact) => t::product(formula, &shown(exact, amount.currency()), &rounded),
        None => t::exact(formula, &rounded),
    }
}

fn shown(exact: Decimal, currency: Currency) -> String {
    let shown = exact.trunc_with_scale(SHOWN_DECIMALS);
    let dots = if shown == exact { "" } else { "…" };
    format!("{}{dots}", format::major(shown, currency))
}

#[cfg(test)]
mod tests;
