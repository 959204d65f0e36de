use billing::coupon::{Discount, Percent};
use billing::id::{InvoiceLineId, RedemptionId, SubscriptionItemId};
use billing::invoice::{Charge, CreditedLine, DraftLine, LineKind};
use billing::rating::Scheme;
use billing::tax::{Tax, TaxBehavior, TaxRate, Taxed};

use super::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn explained(explain: Explain) -> String {
    discounted(explain, Vec::new())
}

fn draft(explain: Explain) -> DraftLine {
    DraftLine {
        item: Some(SubscriptionItemId::from_uuid(Default::default())),
        kind: LineKind::Usage,
        charge: Charge::Base,
        description: String::new(),
        period: october(),
        quantity: Decimal::ONE,
        amount: explain.amount().unwrap(),
        explain,
        credits: None,
    }
}

fn discounted(explain: Explain, discounts: Vec<LineDiscount>) -> String {
    let draft = draft(explain);
    let off = discounts.iter().map(|off| off.amount);
    let off = Money::sum(draft.amount.currency(), off).unwrap();
    let taxed = Taxed {
        net: draft.amount.minus(off).unwrap(),
        taxes: Vec::new(),
    };
    let line = Line::new(draft, discounts, taxed, TaxBehavior::Exclusive).unwrap();
    sentences(&line, Zone::UTC).join(" ")
}

#[test]
fn a_price_that_holds_its_tax_says_how_much() {
    let held = |net: i64, named: &[(&str, i64, i64)]| {
        let tax = |(name, percent, minor): &(&str, i64, i64)| LineTax {
            tax: Tax {
                name: (*name).to_owned(),
                rate: TaxRate::new(Decimal::new(*percent, 2)).unwrap(),
                compound: false,
            },
            amount: usd(*minor),
        };
        let taxes = named.iter().map(tax).collect();
        let taxed = Taxed { net: usd(net), taxes };
        let credits = net.is_negative().then(|| CreditedLine {
            line: InvoiceLineId::from_uuid(Default::default()),
            taxes: Vec::new(),
        });
        let explain = Explain::Flat {
            price: if net.is_negative() { usd(net) } else { usd(19_900) },
            quantity: 1,
        };
        let draft = DraftLine {
            credits,
            ..draft(explain)
        };
        let line = Line::new(draft, Vec::new(), taxed, TaxBehavior::Inclusive).unwrap();
        sentences(&line, Zone::UTC).join(" ")
    };
    assert_eq!(
        held(18_091, &[("GST", 10, 1_809)]),
        "1 × $199.00 = $199.00. Of $199.00, $18.09 (GST 10%) is tax: $180.91 without it."
    );
    assert_eq!(
        held(17_304, &[("GST", 5, 865), ("PST", 10, 1_731)]),
        "1 × $199.00 = $199.00. Of $199.00, $8.65 (GST 5%) and $17.31 (PST 10%) is tax: $173.04 without it."
    );
    assert_eq!(
        held(-9_046, &[("GST", 10, -905)]),
        "1 × \u{2212}$90.46 = \u{2212}$90.46. With its tax, \u{2212}$9.05 (GST 10%): \u{2212}$99.51."
    );
    assert_eq!(held(19_900, &[]), "1 × $199.00 = $199.00.");
}

#[test]
fn words_and_numbers_reproduce_the_amount() {
    assert_eq!(
        explained(Explain::Flat {
            price: usd(19900),
            quantity: 1
        }),
        "1 × $199.00 = $199.00."
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
    let scheme = r#"{"scheme": "per_unit", "amount": "0.50", "per": "1000"}"#;
    let scheme: Scheme = serde_json::from_str(scheme).unwrap();
    let rated = explained(Explain::Rated {
        meter: "api_requests".into(),
        aggregation: "sum".into(),
        used: Decimal::from(112_345),
        included: Decimal::from(100_000),
        included_part: None,
        add_ons: Vec::new(),
        rated: scheme.rate(Decimal::from(12_345)).unwrap(),
        maximum: None,
        counted: october(),
        currency: Currency::USD,
    });
    assert_eq!(rated, overage);
    assert_eq!(
        overage,
        "Used: 112,345 (sum of all events), counted from Oct 6, 2026, 00:00:00 UTC up to Nov 6, 2026, 00:00:00 UTC. \
         Included: 100,000. Beyond that: 12,345. \
         12,345 × $0.50 ÷ 1,000 = $6.1725, rounded once to $6.17."
    );
}

#[test]
fn each_coupon_says_what_it_takes_off_and_leaves() {
    let off = |name: &str, discount, minor| LineDiscount {
        redemption: RedemptionId::from_uuid(Default::default()),
        name: name.into(),
        discount,
        amount: usd(minor),
    };
    let fifth = Discount::Percent(Percent::new(Decimal::from(20)).unwrap());
    let fifty = Discount::Amount(usd(5_000));
    let flat = || Explain::Flat {
        price: usd(19_900),
        quantity: 1,
    };
    assert_eq!(
        discounted(
            flat(),
            vec![off("Launch", fifth, 3_980), off("Welcome", fifty, 5_000)]
        ),
        "1 × $199.00 = $199.00. \
         Launch, 20% off: $199.00 \u{2212}\u{a0}$39.80 = $159.20. \
         Welcome, $50.00 off: $159.20 \u{2212}\u{a0}$50.00 = $109.20."
    );
    assert_eq!(
        discounted(flat(), vec![off("Welcome", fifty, 3_339)]),
        "1 × $199.00 = $199.00. \
         Welcome, $50.00 off, of which this line has its share: $199.00 \u{2212}\u{a0}$33.39 = $165.61."
    );
    assert_eq!(
        discounted(
            flat(),
            vec![off("Welcome", Discount::Amount(usd(30_000)), 19_900)]
        ),
        "1 × $199.00 = $199.00. Welcome, $300.00 off: $199.00 \u{2212}\u{a0}$199.00 = $0.00."
    );
}

fn october() -> Period {
    Period::new(
        "2026-10-06T00:00:00Z".parse().unwrap(),
        "2026-11-06T00:00:00Z".parse().unwrap(),
    )
    .unwrap()
}

#[test]
fn a_rated_amount_shows_its_tiers_and_its_maximum() {
    let scheme: Scheme = serde_json::from_str(
        r#"{"scheme": "graduated", "tiers": [
            {"up_to": "10", "price": {"amount": "0", "per": "1"}, "flat": "100"},
            {"up_to": null, "price": {"amount": "0.50", "per": "1000"}}]}"#,
    )
    .unwrap();
    let rated = |maximum| {
        explained(Explain::Rated {
            meter: "api_requests".into(),
            aggregation: "sum".into(),
            used: Decimal::from(12),
            included: Decimal::ZERO,
            included_part: None,
            add_ons: Vec::new(),
            rated: scheme.rate(Decimal::from(12)).unwrap(),
            maximum,
            counted: october(),
            currency: Currency::USD,
        })
    };
    let parts = "Used: 12 (sum of all events), counted from Oct 6, 2026, 00:00:00 UTC up to Nov 6, 2026, 00:00:00 UTC. \
         Above 0, up to 10: 10 × $0.00 = $0.00. \
         Fixed amount (above 0, up to 10): 1 × $100.00 = $100.00. \
         Above 10: 2 × $0.50 ÷ 1,000 = $0.001.";
    assert_eq!(
        rated(None),
        format!("{parts} Together = $100.001, rounded once to $100.00.")
    );
    let (maximum, billed) = (usd(17000), usd(16000));
    assert_eq!(
        rated(Some(MaximumSpend { maximum, billed })),
        format!(
            "{parts} At most $170.00 is charged in a period, of which $160.00 was charged before: $10.00 is due."
        )
    );
}

#[test]
fn late_usage_says_what_was_known_and_what_was_billed() {
    let scheme: Scheme =
        serde_json::from_str(r#"{"scheme": "per_unit", "amount": "0.50", "per": "1000"}"#).unwrap();
    let late = Explain::LateUsage {
        meter: "api_requests".into(),
        aggregation: "sum".into(),
        used: Decimal::from(112_345),
        known: Decimal::from(104_000),
        included: Some(Decimal::from(100_000)),
        included_part: None,
        rated: scheme.rate(Decimal::from(12_345)).unwrap(),
        minimum: None,
        maximum: Some(usd(600)),
        billed: usd(200),
        counted: october(),
    };
    assert_eq!(late.amount(), Ok(usd(400)));
    assert_eq!(
        explained(late),
        "Used: 112,345 (sum of all events), counted from Oct 6, 2026, 00:00:00 UTC up to Nov 6, 2026, 00:00:00 UTC. \
         When the period was billed, 104,000 was known. \
         Included: 100,000. Beyond that: 12,345. \
         All units: 12,345 × $0.50 ÷ 1,000 = $6.1725. \
         At most $6.00 is charged in a period. \
         The period comes to $6.00, of which $2.00 was billed before: $4.00 is due."
    );
}

#[test]
fn an_add_on_says_what_of_the_included_units_it_adds() {
    let scheme = r#"{"scheme": "per_unit", "amount": "0.50", "per": "1000"}"#;
    let scheme: Scheme = serde_json::from_str(scheme).unwrap();
    let day = 86_400;
    let share = |days| Share {
        seconds: days * day,
        of_seconds: 31 * day,
    };
    let part = |name: &str, each: i64, days| AddOnPart::of(name.into(), each.into(), share(days)).unwrap();
    let words = explained(Explain::Rated {
        meter: "api_requests".into(),
        aggregation: "sum".into(),
        used: Decimal::from(10_000),
        included: Decimal::from(6_501),
        included_part: Some(IncludedPart {
            whole: Decimal::from(310),
            served: share(10),
        }),
        add_ons: vec![part("More calls", 10_000, 13), part("Few calls", 1_000, 62)],
        rated: scheme.rate(Decimal::from(3_499)).unwrap(),
        maximum: None,
        counted: october(),
        currency: Currency::USD,
    });
    assert!(
        words.contains(
            "A whole period includes 310; this part of it includes 307, rounded up. \
             More calls adds 4,194 to it: one includes 10,000 a period, and the time of each together is \
             13\u{a0}days of 31\u{a0}days, rounded up. \
             Few calls adds 2,000 to it: 2 × 1,000. \
             Included: 6,501. Beyond that: 3,499."
        ),
        "{words}"
    );
}

#[test]
fn a_true_up_says_what_was_agreed_and_what_was_billed() {
    let share = Share {
        seconds: 1_209_600,
        of_seconds: 2_678_400,
    };
    let true_up = Explain::TrueUp {
        minimum: usd(10000),
        share,
        billed: usd(1000),
    };
    assert_eq!(
        explained(true_up),
        "The time covered is 14\u{a0}days of 31\u{a0}days. \
         $100.00 was agreed as the least for a whole period, $10.00 of this part was billed: $35.16 is due."
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
        "The time covered is 14\u{a0}days of 31\u{a0}days. \
         It was paid in advance and is given back. \
         \u{2212}$199.00 × 14 ÷ 31 = \u{2212}$89.870967…, rounded once to \u{2212}$89.87."
    );
    let by_second = explained(Explain::Prorated {
        basis: usd(19900),
        share: Share {
            seconds: 1_000_000,
            of_seconds: 2_678_400,
        },
        credit: false,
    });
    assert!(
        by_second.contains("counted by the second.")
            && by_second.ends_with(
                "$199.00 × 1,000,000\u{a0}s ÷ 2,678,400\u{a0}s = $74.298088…, rounded once to $74.30."
            ),
        "{by_second}"
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

#[test]
fn what_is_given_back_by_hand_says_which_part_it_is() {
    let given_back = |explain: Explain| {
        let line = CreditLine {
            credits: InvoiceLineId::from_uuid(Default::default()),
            item: None,
            description: String::new(),
            period: october(),
            amount: None,
            net: explain.amount().unwrap().negate().unwrap(),
            taxes: Vec::new(),
            explain,
        };
        credit_sentences(&line).join(" ")
    };
    let part = |discount| Explain::Part {
        of: usd(19_900),
        discount: usd(discount),
        given: usd(5_000),
    };
    assert_eq!(given_back(part(0)), "$50.00 of $199.00 is given back.");
    assert_eq!(
        given_back(part(3_980)),
        "$50.00 of $199.00 is given back. \
         Its part of the discount of $39.80: $50.00 \u{2212}\u{a0}$10.00 = $40.00."
    );
    let rest = Explain::Rest { left: usd(1_234) };
    assert_eq!(given_back(rest), "No more was left to give back: $12.34.");
}
