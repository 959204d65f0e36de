//! A finalized line whose time is not over: what of it can still be given back.

use chrono::{DateTime, Utc};

#[cfg(feature = "zones")]
use super::{CreditLine, Cut};
use crate::id::{InvoiceId, InvoiceLineId, SubscriptionItemId};
use crate::invoice::Explain;
use crate::money::{Money, MoneyError};
use crate::period::Period;
use crate::proration::Share;
use crate::tax::{LineTax, TaxRounding, assess};

/// What was really billed for time that is not over yet, less what was credited for it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BilledLine {
    /// Without what was given back by hand: that makes all of its time cheaper.
    pub net: Money,
    pub period: Period,
    /// Positive: what earlier changes gave back of this line's time.
    pub credited: Money,
}

impl BilledLine {
    /// Gives back the unused share of what was billed, never more than is left of it.
    pub fn credit(self, unused: Share) -> Result<Explain, MoneyError> {
        let nothing = Money::zero(self.net.currency());
        let limit = self.net.minus(self.credited)?.max(nothing)?;
        let wanted = unused.apply(self.net)?;
        if wanted.minus(limit)?.is_positive() {
            return Ok(Explain::Capped {
                basis: self.net,
                share: unused,
                limit,
            });
        }
        Ok(Explain::Prorated {
            basis: self.net,
            share: unused,
            credit: true,
        })
    }
}

/// A tax that was billed on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledTax {
    pub line: LineTax,
    /// Positive: what earlier changes gave back of it.
    pub credited: Money,
}

impl BilledTax {
    /// What was billed and not given back since.
    fn left(&self) -> Result<Money, MoneyError> {
        let nothing = Money::zero(self.credited.currency());
        self.line.amount.minus(self.credited)?.max(nothing)
    }
}

/// A line that can be given back from. Credits always reach to the line's end, so that one instant says which
/// time still stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditableLine {
    pub line: InvoiceLineId,
    /// That billed it.
    pub invoice: InvoiceId,
    pub item: SubscriptionItemId,
    pub billed: BilledLine,
    /// Its time from here on was given back already.
    pub stands_until: DateTime<Utc>,
    /// As billed, whatever is charged today.
    pub taxes: Vec<BilledTax>,
}

impl CreditableLine {
    /// What is given back if service ends there: never more than is left of the line, and its tax with it.
    /// None where nothing is.
    #[cfg(feature = "zones")]
    pub fn unused_from(&self, cut: Cut, name: &str) -> Result<Option<CreditLine>, MoneyError> {
        let whole = self.billed.period;
        let Ok(unused) = Period::new(cut.at.max(whole.start()), self.stands_until) else {
            return Ok(None);
        };
        let share = cut.proration.share(Some(unused), whole, cut.zone);
        let explain = self.billed.credit(share)?;
        let net = explain.amount()?.negate()?;
        if !net.is_positive() {
            return Ok(None);
        }
        let taxes = if self.is_rest(net)? {
            self.taxes_left()?
        } else {
            let exact = share.taxes(self.billed.net, self.taxes.iter().map(|tax| &tax.line.tax))?;
            at_most_left(&self.taxes, exact)?
        };
        Ok(Some(CreditLine {
            credits: self.line,
            item: Some(self.item),
            description: format!("Unused time on {name}"),
            period: unused,
            amount: None,
            net,
            taxes,
            explain,
        }))
    }

    /// The taxes of a net amount given back, each by itself as on an invoice. Who gives back the rest of the line
    /// gives back the rest of its taxes: together they are what was billed.
    pub fn taxes_on(&self, net: Money) -> Result<Vec<LineTax>, MoneyError> {
        if self.is_rest(net)? {
            return self.taxes_left();
        }
        let taxes: Vec<_> = self.taxes.iter().map(|tax| tax.line.tax.clone()).collect();
        let assessed = assess(net.currency(), &[(net, &taxes)], TaxRounding::PerLine)?;
        at_most_left(&self.taxes, assessed.into_iter().flatten().collect())
    }

    fn is_rest(&self, net: Money) -> Result<bool, MoneyError> {
        Ok(self.billed.net.minus(self.billed.credited)? == net)
    }

    fn taxes_left(&self) -> Result<Vec<LineTax>, MoneyError> {
        at_most_left(&self.taxes, left_of(&self.taxes)?)
    }
}

/// What is left of each tax.
pub(super) fn left_of(taxes: &[BilledTax]) -> Result<Vec<Money>, MoneyError> {
    taxes.iter().map(BilledTax::left).collect()
}

/// Amounts of these taxes, cut down to what is left of each.
pub(super) fn at_most_left(taxes: &[BilledTax], amounts: Vec<Money>) -> Result<Vec<LineTax>, MoneyError> {
    let given_back = |(tax, amount): (&BilledTax, Money)| {
        Ok(LineTax {
            tax: tax.line.tax.clone(),
            amount: amount.min(tax.left()?)?,
        })
    };
    taxes.iter().zip(amounts).map(given_back).collect()
}

#[cfg(feature = "zones")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::period::Zone;
    use crate::proration::ProrationMode;
    use crate::tax::{Tax, TaxRate};

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// April on Starter at 25 % tax.
    fn april() -> CreditableLine {
        let period = Period::new(utc("2026-04-01T00:00:00Z"), utc("2026-05-01T00:00:00Z")).unwrap();
        let billed = BilledLine {
            net: usd(16_000),
            period,
            credited: usd(0),
        };
        CreditableLine {
            billed,
            line: InvoiceLineId::from_uuid(uuid::Uuid::from_u128(1)),
            invoice: InvoiceId::from_uuid(uuid::Uuid::from_u128(3)),
            item: SubscriptionItemId::from_uuid(uuid::Uuid::from_u128(2)),
            stands_until: period.end(),
            taxes: vec![BilledTax {
                line: LineTax {
                    tax: Tax {
                        name: "VAT".to_owned(),
                        rate: TaxRate::new("0.25".parse().unwrap()).unwrap(),
                        compound: false,
                    },
                    amount: usd(4_000),
                },
                credited: usd(0),
            }],
        }
    }

    fn unused_from(line: &CreditableLine, at: &str) -> Option<CreditLine> {
        unused_by(ProrationMode::Second, line, at)
    }

    fn unused_by(proration: ProrationMode, line: &CreditableLine, at: &str) -> Option<CreditLine> {
        let cut = Cut {
            at: utc(at),
            proration,
            zone: Zone::UTC,
        };
        line.unused_from(cut, "Starter").unwrap()
    }

    fn given_back(line: &CreditableLine, at: &str) -> Option<(i64, i64)> {
        let unused = unused_from(line, at);
        unused.map(|unused| (unused.net.minor(), unused.tax().unwrap().minor()))
    }

    #[test]
    fn net_and_tax_are_rounded_apart_on_the_exact_amount() {
        assert_eq!(
            given_back(&april(), "2026-04-02T00:00:00Z"),
            Some((15_467, 3_867))
        );
        assert_eq!(
            given_back(&april(), "2026-03-20T00:00:00Z"),
            Some((16_000, 4_000))
        );
        assert_eq!(given_back(&april(), "2026-05-01T00:00:00Z"), None);
    }

    #[test]
    fn by_the_day_the_day_of_the_cut_is_given_back() {
        // From the 10th on, whatever the hour: 21 of 30 days of 160.00 and of 40.00.
        let unused = unused_by(ProrationMode::Day, &april(), "2026-04-10T15:00:00Z").unwrap();
        assert_eq!((unused.net, unused.tax()), (usd(11_200), Ok(usd(2_800))));
        let whole = unused_by(ProrationMode::Day, &april(), "2026-04-01T23:59:59Z").unwrap();
        assert_eq!((whole.net, whole.tax()), (usd(16_000), Ok(usd(4_000))));
    }

    #[test]
    fn time_given_back_once_is_not_given_back_again() {
        let mut line = april();
        line.stands_until = utc("2026-04-11T00:00:00Z");
        (line.billed.credited, line.taxes[0].credited) = (usd(10_667), usd(2_667));
        assert_eq!(given_back(&line, "2026-04-11T00:00:00Z"), None);
        // Nine of thirty days are 48.00 and 12.00.
        assert_eq!(given_back(&line, "2026-04-02T00:00:00Z"), Some((4_800, 1_200)));
    }

    #[test]
    fn on_an_invoice_too_no_more_tax_than_is_left() {
        let mut line = april();
        let tax_on_invoice = |line: &CreditableLine| {
            let unused = unused_from(line, "2026-04-02T00:00:00Z").unwrap();
            let draft = unused.on_invoice(line).unwrap();
            (
                draft.amount.minor(),
                draft.credits.unwrap().taxes[0].amount.minor(),
            )
        };
        // 25 % of 154.67.
        assert_eq!(tax_on_invoice(&line), (-15_467, -3_867));
        line.taxes[0].credited = usd(500);
        assert_eq!(tax_on_invoice(&line), (-15_467, -3_500));
        line.taxes[0].credited = usd(4_001);
        assert_eq!(tax_on_invoice(&line), (-15_467, 0));
    }

    #[test]
    fn never_more_than_is_left_of_the_line() {
        let mut line = april();
        (line.billed.credited, line.taxes[0].credited) = (usd(15_000), usd(3_751));
        let unused = unused_from(&line, "2026-04-02T00:00:00Z").unwrap();
        assert_eq!((unused.net, unused.tax()), (usd(1_000), Ok(usd(249))));
        assert_eq!(unused.explain.amount(), Ok(usd(-1_000)));
        // Rounded apart, earlier credits may have given back a cent of tax too much.
        line.taxes[0].credited = usd(4_001);
        assert_eq!(given_back(&line, "2026-04-02T00:00:00Z"), Some((1_000, 0)));
    }
}
