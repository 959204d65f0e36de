//! Any credit notes of an invoice, in any order and beside credits for unused time, give back no more than it billed,
//! and all of them together exactly that.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::credit::{
    BilledTax, CreditRefused, GivenBack, HandNote, Kept, PaidTo, PartRefused, StandingInvoice, StandingLine,
    Wanted, WantedLine, credit_by_hand,
};
use billing::id::{InvoiceLineId, PaymentAttemptId};
use billing::invoice::{Explain, InvoiceStatus, LineKind};
use billing::money::{Currency, Money};
use billing::period::Period;
use billing::tax::{LineTax, Tax, TaxBasis, TaxBehavior, TaxRate, TaxRounding, TaxTreatment, Taxation};
use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;
use uuid::Uuid;

fn cases() -> ProptestConfig {
    let proof = std::env::var_os("PROOF").is_some();
    ProptestConfig::with_cases(if proof { 20_000 } else { 1_024 })
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn tax((name, rate, compound): (&str, &str, bool)) -> Tax {
    Tax {
        name: name.to_owned(),
        rate: TaxRate::new(rate.parse().unwrap()).unwrap(),
        compound,
    }
}

fn line_id(nth: usize) -> InvoiceLineId {
    InvoiceLineId::from_uuid(Uuid::from_u128(nth as u128 + 1))
}

fn attempt(nth: u128) -> PaymentAttemptId {
    PaymentAttemptId::from_uuid(Uuid::from_u128(nth))
}

/// A finalized and unpaid invoice of these amounts and discounts, taxed as the tax module does.
fn billed(
    lines: &[(i64, i64)],
    taxes: &[Tax],
    behavior: TaxBehavior,
    rounding: TaxRounding,
) -> StandingInvoice {
    let taxation = Taxation {
        taxes: taxes.to_vec(),
        basis: TaxBasis {
            treatment: TaxTreatment::Taxed,
            behavior,
            rounding,
        },
    };
    let after: Vec<_> = lines
        .iter()
        .map(|(amount, discount)| usd(amount - discount))
        .collect();
    let taxed = taxation.tax(Currency::USD, &after).unwrap();
    let start = DateTime::UNIX_EPOCH;
    let period = Period::new(start, start + TimeDelta::days(30)).unwrap();
    let lines = lines
        .iter()
        .zip(taxed)
        .enumerate()
        .map(|(nth, ((amount, discount), taxed))| {
            let billed = |line: LineTax| BilledTax {
                line,
                credited: usd(0),
            };
            StandingLine {
                line: line_id(nth),
                item: None,
                kind: LineKind::OneOff,
                description: format!("Line {nth}"),
                period,
                served: period,
                amount: usd(*amount),
                discount: usd(*discount),
                net: taxed.net,
                taxes: taxed.taxes.into_iter().map(billed).collect(),
                behavior,
                given_back: GivenBack::nothing(Currency::USD),
            }
        });
    let lines: Vec<_> = lines.collect();
    let total = lines.iter().map(|line| line.total_left().unwrap().minor()).sum();
    StandingInvoice {
        status: InvoiceStatus::Open,
        total: usd(total),
        due: usd(total),
        credited: usd(0),
        kept: Vec::new(),
        lines,
    }
}

fn exclusive(lines: &[(i64, i64)], taxes: &[(&str, &str, bool)]) -> StandingInvoice {
    let taxes: Vec<_> = taxes.iter().copied().map(tax).collect();
    billed(lines, &taxes, TaxBehavior::Exclusive, TaxRounding::PerLine)
}

/// So much came in, newest first.
fn paid(invoice: StandingInvoice, payments: &[i64]) -> StandingInvoice {
    let kept = (1..).zip(payments).map(|(nth, minor)| Kept {
        attempt: attempt(nth),
        amount: usd(*minor),
    });
    let due = invoice.due.minor() - payments.iter().sum::<i64>();
    StandingInvoice {
        status: if due == 0 {
            InvoiceStatus::Paid
        } else {
            InvoiceStatus::Open
        },
        due: usd(due),
        kept: kept.collect(),
        ..invoice
    }
}

/// What is written down of a note, so that the next one finds it.
fn issued(invoice: &mut StandingInvoice, note: &HandNote) {
    for given in note.draft.lines() {
        let line = invoice
            .lines
            .iter_mut()
            .find(|line| line.line == given.credits)
            .unwrap();
        line.give_back(given.amount, given.net, &given.taxes).unwrap();
    }
    invoice.credited = invoice.credited.plus(note.draft.total()).unwrap();
    invoice.due = note.due;
    for refund in &note.refunds {
        let kept = invoice
            .kept
            .iter_mut()
            .find(|kept| kept.attempt == refund.attempt)
            .unwrap();
        kept.amount = kept.amount.minus(refund.amount).unwrap();
    }
}

fn some(parts: &[(usize, i64)]) -> Wanted {
    let wanted = |(nth, minor): &(usize, i64)| WantedLine {
        line: line_id(*nth),
        amount: Some(usd(*minor)),
    };
    Wanted::Lines(parts.iter().map(wanted).collect())
}

/// Net, tax, total.
fn sums(note: &HandNote) -> (i64, i64, i64) {
    let draft = &note.draft;
    (draft.net().minor(), draft.tax().minor(), draft.total().minor())
}

/// Offset, refund, credit.
fn parts(note: &HandNote) -> (i64, i64, i64) {
    let parts = note.parts;
    (parts.offset.minor(), parts.refund.minor(), parts.credit.minor())
}

#[test]
fn a_part_takes_its_part_of_discount_and_tax() {
    // 199.00 less 20 % is 159.20; 8 % of it is 12.736.
    let mut invoice = exclusive(&[(19_900, 3_980)], &[("Tax", "0.08", false)]);
    let note = credit_by_hand(&invoice, &some(&[(0, 5_000)]), PaidTo::Credit).unwrap();
    assert_eq!(
        (sums(&note), parts(&note), note.due),
        ((4_000, 320, 4_320), (4_320, 0, 0), usd(12_874))
    );
    let explain = Explain::Part {
        of: usd(19_900),
        discount: usd(3_980),
        given: usd(5_000),
    };
    assert_eq!(note.draft.lines()[0].explain, explain);
    issued(&mut invoice, &note);
    let note = credit_by_hand(&invoice, &Wanted::Rest, PaidTo::Credit).unwrap();
    assert_eq!((sums(&note), note.due), ((11_920, 954, 12_874), usd(0)));
    assert_eq!(note.draft.lines()[0].amount, Some(usd(14_900)));
    issued(&mut invoice, &note);
    let again = credit_by_hand(&invoice, &Wanted::Rest, PaidTo::Credit);
    assert_eq!(again, Err(CreditRefused::NothingLeft));
    let again = credit_by_hand(&invoice, &some(&[(0, 1)]), PaidTo::Credit);
    assert_eq!(again, Err(CreditRefused::Part(PartRefused::NothingLeft)));
}

#[test]
fn each_tax_is_rounded_apart_on_the_exact_net() {
    let compound = [("GST", "0.05", false), ("PST", "0.07", true)];
    let invoice = exclusive(&[(10_000, 0), (1_000, 333)], &compound);
    let note = credit_by_hand(&invoice, &some(&[(1, 500), (0, 3_333)]), PaidTo::Credit).unwrap();
    let taxes = |nth: usize| {
        note.draft.lines()[nth]
            .taxes
            .iter()
            .map(|tax| tax.amount.minor())
            .collect::<Vec<_>>()
    };
    // 333.50 exact: 16.675 and 24.51225 of it.
    assert_eq!((note.draft.lines()[0].net, taxes(0)), (usd(333), vec![17, 25]));
    assert_eq!(
        (note.draft.lines()[1].net, taxes(1)),
        (usd(3_333), vec![167, 245])
    );
}

#[test]
fn where_prices_hold_their_tax_a_part_holds_its_own() {
    let vat = [tax(("VAT", "0.19", false))];
    let mut invoice = billed(
        &[(19_900, 1_990)],
        &vat,
        TaxBehavior::Inclusive,
        TaxRounding::PerInvoice,
    );
    let note = credit_by_hand(&invoice, &some(&[(0, 10_000)]), PaidTo::Credit).unwrap();
    // 90.00 after the discount.
    assert_eq!(sums(&note), (7_563, 1_437, 9_000));
    issued(&mut invoice, &note);
    let note = credit_by_hand(&invoice, &Wanted::Rest, PaidTo::Credit).unwrap();
    assert_eq!((sums(&note), note.due), ((7_487, 1_423, 8_910), usd(0)));
}

#[test]
fn what_is_due_is_lowered_first_and_money_goes_back_newest_first() {
    let invoice = paid(exclusive(&[(10_000, 0)], &[]), &[2_000, 5_000]);
    let note = |minor, to| credit_by_hand(&invoice, &some(&[(0, minor)]), to).unwrap();
    assert_eq!(parts(&note(3_000, PaidTo::Card)), (3_000, 0, 0));
    assert_eq!(parts(&note(4_500, PaidTo::Credit)), (3_000, 0, 1_500));
    let refunded = note(6_000, PaidTo::Card);
    assert_eq!(parts(&refunded), (3_000, 3_000, 0));
    let back: Vec<_> = refunded
        .refunds
        .iter()
        .map(|kept| (kept.attempt, kept.amount.minor()))
        .collect();
    assert_eq!(back, [(attempt(1), 2_000), (attempt(2), 1_000)]);
    // What credit paid becomes credit again.
    let credited = StandingInvoice {
        due: usd(0),
        status: InvoiceStatus::Paid,
        ..invoice.clone()
    };
    let note = credit_by_hand(&credited, &Wanted::Rest, PaidTo::Card).unwrap();
    assert_eq!(parts(&note), (0, 7_000, 3_000));
}

#[test]
fn an_invoice_that_gave_something_back_gives_no_more_than_it_asked_for() {
    // An upgrade: 500.00 for the new plan less 199.99 of the old one, at 8 %.
    let mut invoice = exclusive(&[(50_000, 0), (1_000, 0)], &[("Tax", "0.08", false)]);
    invoice.lines[1].kind = LineKind::ProrationCredit;
    invoice.total = usd(54_000 - 21_599);
    let note = credit_by_hand(&invoice, &Wanted::Rest, PaidTo::Credit).unwrap();
    assert_eq!(sums(&note), (30_001, 2_400, 32_401));
    let beyond = credit_by_hand(&invoice, &some(&[(0, 30_002)]), PaidTo::Credit);
    assert_eq!(beyond, Err(CreditRefused::BeyondInvoice(usd(32_401))));
    let credit = credit_by_hand(&invoice, &some(&[(1, 1)]), PaidTo::Credit);
    assert_eq!(credit, Err(CreditRefused::CreditLine));
    issued(&mut invoice, &note);
    let again = credit_by_hand(&invoice, &some(&[(0, 1)]), PaidTo::Credit);
    assert_eq!(again, Err(CreditRefused::NothingLeft));
}

#[test]
fn time_that_was_given_back_is_not_given_back_by_hand() {
    // Half of the month was credited when the plan was paused.
    let mut invoice = exclusive(&[(10_000, 2_000)], &[("Tax", "0.25", false)]);
    let half = LineTax {
        amount: usd(1_000),
        ..invoice.lines[0].taxes[0].line.clone()
    };
    invoice.lines[0].give_back(None, usd(4_000), &[half]).unwrap();
    invoice.credited = usd(5_000);
    assert_eq!(invoice.lines[0].amount_left(), Ok(usd(5_000)));
    let refused = credit_by_hand(&invoice, &some(&[(0, 5_001)]), PaidTo::Credit);
    assert_eq!(
        refused,
        Err(CreditRefused::Part(PartRefused::TooMuch(usd(5_000))))
    );
    let rest = credit_by_hand(&invoice, &some(&[(0, 5_000)]), PaidTo::Credit).unwrap();
    assert_eq!(sums(&rest), (4_000, 1_000, 5_000));
}

#[test]
fn what_makes_no_note_is_refused_with_its_reason() {
    let invoice = exclusive(&[(10_000, 0), (100, 99)], &[]);
    let refused = |invoice: &StandingInvoice, wanted: &Wanted| {
        credit_by_hand(invoice, wanted, PaidTo::Card).unwrap_err()
    };
    for minor in [0, -1, i64::MIN] {
        assert_eq!(
            refused(&invoice, &some(&[(0, minor)])),
            CreditRefused::Part(PartRefused::Amount)
        );
    }
    for minor in [10_001, i64::MAX] {
        let too_much = CreditRefused::Part(PartRefused::TooMuch(usd(10_000)));
        assert_eq!(refused(&invoice, &some(&[(0, minor)])), too_much);
    }
    assert_eq!(refused(&invoice, &some(&[(2, 1)])), CreditRefused::UnknownLine);
    assert_eq!(refused(&invoice, &some(&[(0, 1), (0, 1)])), CreditRefused::Twice);
    assert_eq!(refused(&invoice, &some(&[])), CreditRefused::NoLine);
    assert_eq!(
        refused(&invoice, &some(&[(1, 2)])),
        CreditRefused::Part(PartRefused::TooSmall)
    );
    let yen = WantedLine {
        line: line_id(0),
        amount: Some(Money::new(1, "JPY".parse().unwrap())),
    };
    assert_eq!(
        refused(&invoice, &Wanted::Lines(vec![yen])),
        CreditRefused::Currency
    );
    let mut top_up = invoice.clone();
    let mut other = invoice;
    for status in [InvoiceStatus::Void, InvoiceStatus::Draft] {
        other.status = status;
        assert_eq!(refused(&other, &Wanted::Rest), CreditRefused::Status(status));
    }
    top_up.lines[0].kind = LineKind::TopUp;
    assert_eq!(refused(&top_up, &Wanted::Rest), CreditRefused::TopUp);
    assert_eq!(refused(&top_up, &some(&[(0, 1)])), CreditRefused::TopUp);
}

#[derive(Debug, Clone)]
enum Step {
    /// So many thousandths of each line, where not none.
    Parts(Vec<Option<i64>>),
    /// The rest of one line.
    Line(usize),
    /// A part of a line's time is not served: so many thousandths.
    Time(usize, i64),
}

fn step() -> impl Strategy<Value = Step> {
    let thousandths = prop_oneof![Just(1_i64), 1..1_100_i64];
    prop_oneof![
        6 => prop::collection::vec(prop::option::of(thousandths), 1..4).prop_map(Step::Parts),
        1 => (0..3_usize).prop_map(Step::Line),
        2 => (0..3_usize, 0..1_000_i64).prop_map(|(nth, part)| Step::Time(nth, part)),
    ]
}

fn taxes() -> impl Strategy<Value = Vec<Tax>> {
    prop_oneof![
        Just(vec![]),
        Just(vec![tax(("VAT", "0.19", false))]),
        Just(vec![tax(("Tax", "0.0825", false))]),
        Just(vec![tax(("GST", "0.05", false)), tax(("QST", "0.09975", true))]),
        Just(vec![
            tax(("A", "0.2", false)),
            tax(("B", "0", false)),
            tax(("C", "0.333", true))
        ]),
    ]
}

fn invoice() -> impl Strategy<Value = StandingInvoice> {
    // Small amounts, where every rounding shows, and large ones.
    let amount = prop_oneof![1..30_i64, 1..2_000_i64, 1..200_000_000_i64];
    let line = (amount, 0..1_001_i64).prop_map(|(amount, off)| (amount, amount * off / 1_000));
    let lines = prop::collection::vec(line, 1..4);
    let behavior = prop_oneof![Just(TaxBehavior::Exclusive), Just(TaxBehavior::Inclusive)];
    let rounding = prop_oneof![Just(TaxRounding::PerLine), Just(TaxRounding::PerInvoice)];
    (lines, taxes(), behavior, rounding)
        .prop_map(|(lines, taxes, behavior, rounding)| billed(&lines, &taxes, behavior, rounding))
}

fn wanted(invoice: &StandingInvoice, step: &Step) -> Option<Wanted> {
    match step {
        Step::Parts(parts) => {
            let parts = invoice.lines.iter().zip(parts);
            let parts = parts.filter_map(|(line, part)| {
                let amount = (*part)? * line.amount.minor() / 1_000;
                Some(WantedLine {
                    line: line.line,
                    amount: Some(usd(amount)),
                })
            });
            Some(Wanted::Lines(parts.collect()))
        }
        Step::Line(nth) => Some(Wanted::Lines(vec![WantedLine {
            line: line_id(*nth),
            amount: None,
        }])),
        Step::Time(..) => None,
    }
}

/// As a pause does: never more than is left.
fn unserved(invoice: &mut StandingInvoice, nth: usize, part: i64) {
    let Some(line) = invoice.lines.get_mut(nth) else {
        return;
    };
    let net = line.net.minor() - line.given_back.net.minor();
    let net = usd(net * part / 1_000).min(line.net_left().unwrap()).unwrap();
    let rest = net == line.net_left().unwrap();
    let taxes = line.taxes.iter().map(|tax| {
        let left = tax.line.amount.minor() - tax.credited.minor();
        let amount = if rest {
            left
        } else {
            left.min(tax.line.amount.minor() * part / 1_000)
        };
        LineTax {
            amount: usd(amount),
            ..tax.line.clone()
        }
    });
    let taxes: Vec<_> = taxes.collect();
    line.give_back(None, net, &taxes).unwrap();
    let tax: i64 = taxes.iter().map(|tax| tax.amount.minor()).sum();
    invoice.credited = usd(invoice.credited.minor() + net.minor() + tax);
}

fn holds(invoice: &StandingInvoice) {
    for line in &invoice.lines {
        assert!(line.net.minor() >= line.given_back.net.minor() + line.given_back.time.minor());
        for tax in &line.taxes {
            assert!(tax.line.amount.minor() >= tax.credited.minor());
        }
    }
    assert!(invoice.credited.minor() <= invoice.total.minor());
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn notes_are_never_more_than_the_invoice_and_together_all_of_it(
        mut invoice in invoice(),
        steps in prop::collection::vec(step(), 0..12),
        by_line in any::<bool>(),
    ) {
        for step in &steps {
            if let Step::Time(nth, part) = step {
                unserved(&mut invoice, *nth, *part);
            }
            let Some(wanted) = wanted(&invoice, step) else { continue };
            if let Ok(note) = credit_by_hand(&invoice, &wanted, PaidTo::Card) {
                for given in note.draft.lines() {
                    let line = invoice.lines.iter().find(|line| line.line == given.credits).unwrap();
                    let shown = match line.behavior {
                        TaxBehavior::Exclusive => given.net,
                        TaxBehavior::Inclusive => given.net.plus(given.tax().unwrap()).unwrap(),
                    };
                    assert_eq!(given.explain.amount(), shown.negate(), "an amount explains itself");
                }
                issued(&mut invoice, &note);
            }
            holds(&invoice);
        }
        if by_line {
            for nth in 0..invoice.lines.len() {
                let wanted = Wanted::Lines(vec![WantedLine { line: line_id(nth), amount: None }]);
                if let Ok(note) = credit_by_hand(&invoice, &wanted, PaidTo::Card) {
                    issued(&mut invoice, &note);
                }
            }
        } else if let Ok(note) = credit_by_hand(&invoice, &Wanted::Rest, PaidTo::Card) {
            issued(&mut invoice, &note);
        }
        holds(&invoice);
        for line in &invoice.lines {
            assert_eq!(line.total_left(), Ok(usd(0)));
            assert_eq!(line.amount_left(), Ok(usd(0)));
        }
        assert_eq!(invoice.credited, invoice.total);
    }

    #[test]
    fn a_part_is_worth_what_it_was_cut_to(invoice in invoice(), thousandths in 1..1_000_i64, steps in prop::collection::vec(step(), 0..6)) {
        let mut invoice = invoice;
        for step in &steps {
            if let Some(wanted) = wanted(&invoice, step)
                && let Ok(note) = credit_by_hand(&invoice, &wanted, PaidTo::Card)
            {
                issued(&mut invoice, &note);
            }
        }
        for line in &invoice.lines {
            let total = usd(line.total_left().unwrap().minor() * thousandths / 1_000);
            if !total.is_positive() { continue }
            let given = line.worth(total).unwrap();
            assert_eq!(given.net.plus(given.tax().unwrap()), Ok(total));
            let mut after = line.clone();
            after.give_back(given.amount, given.net, &given.taxes).unwrap();
            assert_eq!(after.total_left().unwrap().minor(), line.total_left().unwrap().minor() - total.minor());
            assert!(after.amount_left().unwrap().is_positive());
        }
    }
}
