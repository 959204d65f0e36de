//! The books: what was billed, what of it was given back, and what that leaves.

use billing::credit::{BilledLine, BilledTax, CreditLine, CreditNoteDraft, CreditableLine};
use billing::id::InvoiceLineId;
use billing::invoice::{Assembly, DraftLine, InvoiceDiscount, InvoiceDraft, Line, LineKind};
use billing::money::{Currency, Money};
use billing::period::Period;
use billing::tax::TaxBehavior;
use uuid::Uuid;

use crate::catalog::usd;
use crate::life::Life;

/// A line as the books keep it, with what was given back of it.
pub struct Booked {
    pub id: InvoiceLineId,
    pub line: Line,
    pub credits: Vec<GivenBack>,
}

/// What one change gave back of a line.
pub struct GivenBack {
    period: Period,
    net: Money,
    taxes: Vec<Money>,
}

impl Booked {
    fn credited(&self) -> i64 {
        self.credits.iter().map(|credit| credit.net.minor()).sum()
    }

    fn credited_tax(&self, nth: usize) -> i64 {
        self.credits.iter().map(|credit| credit.taxes[nth].minor()).sum()
    }

    fn quantity(&self) -> i64 {
        i64::try_from(self.line.draft.quantity).unwrap()
    }

    /// Seconds served and paid for, times how many were served.
    pub fn served(&self) -> i64 {
        let given_back: i64 = self.credits.iter().map(|c| c.period.length().num_seconds()).sum();
        (self.line.draft.period.length().num_seconds() - given_back) * self.quantity()
    }
}

impl Life<'_> {
    pub fn creditable(&self) -> Vec<CreditableLine> {
        let line = |booked: &Booked| {
            let draft = &booked.line.draft;
            let taxes = booked.line.taxes.iter().enumerate();
            CreditableLine {
                line: booked.id,
                item: draft.item.unwrap(),
                billed: BilledLine {
                    net: booked.line.net,
                    period: draft.period,
                    credited: usd(booked.credited()),
                },
                stands_until: booked
                    .credits
                    .iter()
                    .map(|c| c.period.start())
                    .min()
                    .unwrap_or(draft.period.end()),
                taxes: taxes
                    .map(|(nth, line)| BilledTax {
                        line: line.clone(),
                        credited: usd(booked.credited_tax(nth)),
                    })
                    .collect(),
            }
        };
        self.booked.iter().map(line).collect()
    }

    /// Credit first, then the card; an invoice never asks for less than nothing.
    pub fn invoice(&mut self, lines: Vec<DraftLine>, discounts: &[InvoiceDiscount]) {
        let assembly = Assembly {
            discounts,
            taxation: self.taxation.clone(),
        };
        let draft = InvoiceDraft::assemble(Currency::USD, lines, &assembly).unwrap();
        self.book(draft.apply_credit(usd(self.balance)).unwrap());
    }

    pub fn book(&mut self, draft: InvoiceDraft) {
        assert!(!draft.total().is_negative());
        assert!(!draft.amount_due().unwrap().is_negative());
        let after_discounts = match draft.basis().behavior {
            TaxBehavior::Exclusive => draft.net(),
            TaxBehavior::Inclusive => draft.total(),
        };
        assert_eq!(draft.amount().minus(draft.discount()), Ok(after_discounts));
        let taxes = draft.taxes().unwrap();
        let by_tax: i64 = taxes.iter().map(|tax| tax.amount.minor()).sum();
        assert_eq!(by_tax, draft.tax().minor());
        let off = |line: &Line| line.discounts.iter().map(|off| off.amount.minor()).sum::<i64>();
        let by_line: i64 = draft.lines().iter().map(off).sum();
        assert_eq!(by_line, draft.discount().minor());
        for line in draft.lines() {
            assert!(off(line) == 0 || off(line) <= line.draft.amount.minor());
        }
        self.billed += draft.total().minor();
        self.collected += draft.amount_due().unwrap().minor();
        self.balance -= draft.credit_applied().minor();
        for line in draft.lines() {
            match &line.draft.credits {
                Some(credited) => {
                    let net = line.net.negate().unwrap();
                    let taxes = line.taxes.iter().map(|tax| tax.amount.negate().unwrap());
                    let given_back = GivenBack {
                        period: line.draft.period,
                        net,
                        taxes: taxes.collect(),
                    };
                    self.credit(credited.line, given_back);
                }
                None => self.booked.push(Booked {
                    id: InvoiceLineId::from_uuid(Uuid::from_u128(self.booked.len() as u128 + 1)),
                    line: line.clone(),
                    credits: Vec::new(),
                }),
            }
        }
    }

    pub fn note(&mut self, lines: Vec<CreditLine>) {
        let Some(draft) = CreditNoteDraft::assemble(Currency::USD, lines).unwrap() else {
            return;
        };
        self.given_back += draft.total().minor();
        self.balance += draft.total().minor();
        for line in draft.lines() {
            assert_eq!(line.explain.amount(), line.net.negate());
            let given_back = GivenBack {
                period: line.period,
                net: line.net,
                taxes: line.taxes.iter().map(|tax| tax.amount).collect(),
            };
            self.credit(line.credits, given_back);
        }
    }

    fn credit(&mut self, id: InvoiceLineId, given_back: GivenBack) {
        let booked = self.booked.iter_mut().find(|booked| booked.id == id).unwrap();
        assert_ne!(booked.line.draft.kind, LineKind::Usage);
        booked.credits.push(given_back);
        let left = booked.line.net.minor() - booked.credited();
        assert!(left >= 0, "credited beyond what was billed");
        for (nth, tax) in booked.line.taxes.iter().enumerate() {
            let tax_left = tax.amount.minor() - booked.credited_tax(nth);
            assert!(tax_left >= 0, "tax credited beyond what was billed");
            assert!(left > 0 || tax_left == 0, "tax of what is given back is kept");
        }
    }
}
