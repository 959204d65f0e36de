//! The books: what was billed, what of it was given back, and what that leaves.

use std::ops::Range;

use billing::credit::{BilledLine, BilledTax, CreditLine, CreditNoteDraft, CreditableLine};
use billing::id::{InvoiceId, InvoiceLineId};
use billing::invoice::{Assembly, DraftLine, InvoiceDiscount, InvoiceDraft, Line, LineKind};
use billing::money::{Currency, Money};
use billing::period::Period;
use billing::tax::{LineTax, TaxBehavior};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::catalog::usd;
use crate::life::Life;

/// A line as the books keep it, with what was given back of it.
pub struct Booked {
    pub id: InvoiceLineId,
    pub line: Line,
    pub credits: Vec<GivenBack>,
}

/// An invoice as the books keep it.
pub struct BookedInvoice {
    pub total: Money,
    /// What came in for it and was not refunded.
    pub kept: Money,
    pub behavior: TaxBehavior,
    /// Those of the lines that charge.
    pub lines: Range<usize>,
}

/// What was given back of a line once.
pub struct GivenBack {
    pub period: Period,
    pub by: By,
    pub net: Money,
    pub taxes: Vec<LineTax>,
}

/// What gave it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The invoice of what was charged instead.
    Invoice,
    /// A note on unused time.
    Note,
    /// A note of staff's: so much of the line's amount.
    Hand(Money),
}

impl GivenBack {
    pub const fn is_by_hand(&self) -> bool {
        matches!(self.by, By::Hand(_))
    }

    pub fn total(&self) -> i64 {
        let taxes = self.taxes.iter().map(|tax| tax.amount.minor());
        self.net.minor() + taxes.sum::<i64>()
    }
}

impl Booked {
    fn credited(&self, by_hand: bool) -> i64 {
        let credits = self
            .credits
            .iter()
            .filter(|credit| credit.is_by_hand() == by_hand);
        credits.map(|credit| credit.net.minor()).sum()
    }

    fn credited_tax(&self, nth: usize) -> i64 {
        let credits = self.credits.iter();
        credits.map(|credit| credit.taxes[nth].amount.minor()).sum()
    }

    /// What was given back of its time.
    pub fn unused(&self) -> impl Iterator<Item = Period> {
        let unused = self.credits.iter().filter(|credit| !credit.is_by_hand());
        unused.map(|credit| credit.period)
    }

    /// From then on its time was given back.
    pub fn stands_until(&self) -> DateTime<Utc> {
        let since = self.unused().map(Period::start).min();
        since.unwrap_or(self.line.draft.period.end())
    }

    /// Whether an hour of it may be less than half a cent, too little to be given back: staff gave something back, or an
    /// amount off left next to nothing of a short period.
    pub fn is_thin(&self) -> bool {
        let seconds = self.line.draft.period.length().num_seconds();
        self.line.net.minor() * 2 * 3600 < seconds || self.credits.iter().any(GivenBack::is_by_hand)
    }

    fn quantity(&self) -> i64 {
        i64::try_from(self.line.draft.quantity).unwrap()
    }

    /// Seconds served and paid for, times how many were served.
    pub fn served(&self) -> i64 {
        let given_back: i64 = self.unused().map(|time| time.length().num_seconds()).sum();
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
                invoice: InvoiceId::from_uuid(Default::default()),
                item: draft.item.unwrap(),
                billed: BilledLine {
                    net: booked.line.net.minus(usd(booked.credited(true))).unwrap(),
                    period: draft.period,
                    credited: usd(booked.credited(false)),
                },
                stands_until: booked.stands_until(),
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
        self.collect(draft);
    }

    /// From credit first, grant by grant.
    pub fn collect(&mut self, draft: InvoiceDraft) {
        let before = self.wallet.clone();
        let draft = draft.settle(&mut self.wallet, self.now).unwrap();
        self.in_order(&before, draft.credits());
        self.book(draft);
    }

    pub fn book(&mut self, draft: InvoiceDraft) {
        assert!(!draft.total().is_negative());
        let due = draft.amount_due().unwrap().minor();
        assert!(due == 0 || due >= 50, "{due} cents cannot be charged");
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
        self.collected += due;
        let first = self.booked.len();
        for line in draft.lines() {
            match &line.draft.credits {
                Some(credited) => {
                    let negated = |tax: &LineTax| LineTax {
                        amount: tax.amount.negate().unwrap(),
                        ..tax.clone()
                    };
                    let given_back = GivenBack {
                        period: line.draft.period,
                        by: By::Invoice,
                        net: line.net.negate().unwrap(),
                        taxes: line.taxes.iter().map(negated).collect(),
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
        self.invoices.push(BookedInvoice {
            total: draft.total(),
            kept: usd(due),
            behavior: draft.basis().behavior,
            lines: first..self.booked.len(),
        });
    }

    pub fn note(&mut self, lines: Vec<CreditLine>) {
        let Some(draft) = CreditNoteDraft::assemble(Currency::USD, lines).unwrap() else {
            return;
        };
        self.given_back += draft.total().minor();
        self.give(draft.total());
        for line in draft.lines() {
            assert_eq!(line.explain.amount(), line.net.negate());
            let given_back = GivenBack {
                period: line.period,
                by: By::Note,
                net: line.net,
                taxes: line.taxes.clone(),
            };
            self.credit(line.credits, given_back);
        }
    }

    pub fn credit(&mut self, id: InvoiceLineId, given_back: GivenBack) {
        let booked = self.booked.iter_mut().find(|booked| booked.id == id).unwrap();
        assert_ne!(booked.line.draft.kind, LineKind::Usage);
        booked.credits.push(given_back);
        let left = booked.line.net.minor() - booked.credited(false) - booked.credited(true);
        assert!(left >= 0, "credited beyond what was billed");
        for (nth, tax) in booked.line.taxes.iter().enumerate() {
            let tax_left = tax.amount.minor() - booked.credited_tax(nth);
            assert!(tax_left >= 0, "tax credited beyond what was billed");
            // Parts of an amount are rounded apart from those of its taxes.
            let rounded = booked.is_thin();
            assert!(
                left > 0 || tax_left == 0 || rounded,
                "tax of what is given back is kept"
            );
        }
    }
}
