//! How a line's amount came about, in words and numbers that reproduce it.

use billing::catalog::UnitPrice;
use billing::invoice::{Explain, Line};
use billing::money::{Currency, Money};
use billing::period::Zone;
use billing::proration::Share;
use rust_decimal::Decimal;

use crate::format;
use crate::text::en::invoices::explain as t;

/// Beyond this an exact amount is shown with dots: nobody checks a seventh decimal.
const SHOWN_DECIMALS: u32 = 6;

/// One sentence each; the last one ends in the line's amount.
pub fn sentences(line: &Line, zone: Zone) -> Vec<String> {
    let amount = line.draft.net;
    match &line.draft.explain {
        Explain::Flat { price, quantity } => {
            vec![t::flat(
                &quantity.to_string(),
                &format::money(*price),
                &format::money(amount),
            )]
        }
        Explain::Overage {
            meter: _,
            aggregation,
            used,
            included,
            beyond,
            price,
            counted,
            currency,
        } => {
            let (from, to) = (
                format::date_time_exact(counted.start(), zone),
                format::date_time_exact(counted.end(), zone),
            );
            vec![
                t::used(&format::quantity(*used), t::aggregation(aggregation), &from, &to),
                t::included(&format::quantity(*included), &format::quantity(*beyond)),
                units_times_price(*beyond, *price, *currency, amount),
            ]
        }
        Explain::Prorated { basis, share, credit } => {
            let mut sentences = vec![share_words(*share)];
            if *credit {
                sentences.push(t::CREDIT.to_owned());
            }
            sentences.push(share_of(*basis, *share, *credit, amount));
            sentences
        }
        Explain::Capped { basis, share, limit } => {
            let uncapped = share.apply(*basis).and_then(Money::negate).unwrap_or(amount);
            vec![
                share_words(*share),
                share_of(*basis, *share, true, uncapped),
                t::capped(&format::money(*limit)),
            ]
        }
    }
}

fn share_words(share: Share) -> String {
    t::share(&format::span(share.seconds), &format::span(share.of_seconds))
}

/// `12,345 × $0.50 ÷ 1,000 = $6.1725, rounded once to $6.17.`
fn units_times_price(units: Decimal, price: UnitPrice, currency: Currency, amount: Money) -> String {
    let unit_price = format::major(price.amount, currency);
    let mut formula = format!("{} × {unit_price}", format::quantity(units));
    if price.per != Decimal::ONE {
        formula.push_str(&format!(" ÷ {}", format::quantity(price.per)));
    }
    let exact = units
        .checked_mul(price.amount)
        .and_then(|product| product.checked_div(price.per));
    equals(&formula, exact, amount)
}

/// `$199.00 × 1,209,600 s ÷ 2,678,400 s = $89.870967…, rounded once to $89.87.`
fn share_of(basis: Money, share: Share, credit: bool, amount: Money) -> String {
    let sign = if credit { "\u{2212}" } else { "" };
    let (served, whole) = (Decimal::from(share.seconds), Decimal::from(share.of_seconds));
    let formula = format!(
        "{sign}{} × {}\u{a0}s ÷ {}\u{a0}s",
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
        Some(exact) => {
            let shown = exact.trunc_with_scale(SHOWN_DECIMALS);
            let dots = if shown == exact { "" } else { "…" };
            t::product(
                formula,
                &format!("{}{dots}", format::major(shown, amount.currency())),
                &rounded,
            )
        }
        None => t::exact(formula, &rounded),
    }
}

#[cfg(test)]
mod tests {
    use billing::id::SubscriptionItemId;
    use billing::invoice::{Charge, DraftLine, LineKind};
    use billing::period::Period;
    use billing::tax::TaxRate;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn explained(explain: Explain) -> String {
        let period = Period::new(
            "2026-10-06T00:00:00Z".parse().unwrap(),
            "2026-11-06T00:00:00Z".parse().unwrap(),
        )
        .unwrap();
        let draft = DraftLine {
            item: SubscriptionItemId::from_uuid(Default::default()),
            kind: LineKind::Usage,
            charge: Charge::Base,
            description: String::new(),
            period,
            quantity: Decimal::ONE,
            net: explain.amount().unwrap(),
            explain,
            credits: None,
        };
        sentences(&Line::new(draft, TaxRate::ZERO).unwrap(), Zone::UTC).join(" ")
    }

    #[test]
    fn words_and_numbers_reproduce_the_amount() {
        assert_eq!(
            explained(Explain::Flat {
                price: usd(19900),
                quantity: 1
            }),
            "1 × $199.00 = $199.00"
        );
        let overage = explained(Explain::Overage {
            meter: "api_requests".into(),
            aggregation: "sum".into(),
            used: Decimal::from(112_345),
            included: Decimal::from(100_000),
            beyond: Decimal::from(12_345),
            price: UnitPrice {
                amount: Decimal::new(50, 2),
                per: Decimal::from(1000),
            },
            counted: Period::new(
                "2026-10-06T00:00:00Z".parse().unwrap(),
                "2026-11-06T00:00:00Z".parse().unwrap(),
            )
            .unwrap(),
            currency: Currency::USD,
        });
        assert_eq!(
            overage,
            "Used: 112,345 (sum of all events), counted from Oct 6, 2026, 00:00:00 UTC up to Nov 6, 2026, 00:00:00 UTC. \
             Included in the plan: 100,000. Beyond that: 12,345. \
             12,345 × $0.50 ÷ 1,000 = $6.1725, rounded once to $6.17."
        );
    }

    #[test]
    fn a_credit_says_what_is_given_back_and_why_it_is_cut() {
        let share = Share {
            seconds: 1_209_600,
            of_seconds: 2_678_400,
        };
        let prorated = explained(Explain::Prorated {
            basis: usd(19900),
            share,
            credit: true,
        });
        assert_eq!(
            prorated,
            "The time covered is 14\u{a0}days of 31\u{a0}days, counted by the second. \
             It was paid in advance and is given back. \
             \u{2212}$199.00 × 1,209,600\u{a0}s ÷ 2,678,400\u{a0}s = \u{2212}$89.870967…, rounded once to \u{2212}$89.87."
        );
        let capped = explained(Explain::Capped {
            basis: usd(19900),
            share,
            limit: usd(5000),
        });
        assert!(
            capped.ends_with("that is what is given back.") && capped.contains("Only $50.00"),
            "{capped}"
        );
    }
}
