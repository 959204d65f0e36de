//! The books: what was billed, what of it was given back, and what that leaves.

use billing::credit::{BilledLine, CreditLine, CreditNoteDraft, CreditableLine};
use billing::id::InvoiceLineId;
use billing::invoice::{Assembly, DraftLine, InvoiceDiscount, InvoiceDraft, Line, LineKind};
use billing::money::{Currency, Money};
use billing::period::Period;
use uuid::Uuid;

use crate::catalog::usd;
use crate::life::Life;

/// A line as the books keep it, with what was given back of it.
pub struct Booked {
    pub id: InvoiceLineId,
    pub line: Line,
    pub credits: Vec<(Period, Money, Money)>,
}

impl Booked {
    pub fn credited(&self) -> (i64, i64) {
        let sum = |of: fn(&(Period, Money, Money)) -> i64| self.credits.iter().map(of).sum();
        (sum(|c| c.1.minor()), sum(|c| c.2.minor()))
    }

    fn quantity(&self) -> i64 {
        i64::try_from(self.line.draft.quantity).unwrap()
    }

    /// Seconds served and paid for, times how many were served.
    pub fn served(&self) -> i64 {
        let given_back: i64 = self.credits.iter().map(|c| c.0.length().num_seconds()).sum();
        (self.line.draft.period.length().num_seconds() - given_back) * self.quantity()
    }
}

impl Life<'_> {
    pub fn creditable(&self) -> Vec<CreditableLine> {
        let line = |booked: &Booked| {
            let draft = &booked.line.draft;
            let (net, tax) = booked.credited();
            CreditableLine {
                line: booked.id,
                item: draft.item.unwrap(),
                billed: BilledLine {
                    net: booked.line.net,
                    period: draft.period,
                    credited: usd(net),
                },
                stands_until: booked
                    .credits
                    .iter()
                    .map(|c| c.0.start())
                    .min()
                    .unwrap_or(draft.period.end()),
                tax: booked.line.tax,
                tax_rate: booked.line.tax_rate,
                credited_tax: usd(tax),
            }
        };
        self.booked.iter().map(line).collect()
    }

    /// Credit first, then the card; an invoice never asks for less than nothing.
    pub fn invoice(&mut self, lines: Vec<DraftLine>, discounts: &[InvoiceDiscount]) {
        let rate = self.rate;
        let draft = InvoiceDraft::assemble(Currency::USD, lines, Assembly { discounts, rate }).unwrap();
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
        assert_eq!(draft.amount().minus(draft.discount()), Ok(draft.net()));
        let off = |line: &Line| line.discounts.iter().map(|off| off.amount.minor()).sum::<i64>();
        let by_line: i64 = draft.lines().iter().map(off).sum();
        assert_eq!(by_line, draft.discount().minor());
        for line in draft.lines() {
            assert!(off(line) == 0 || off(line) <= line.draft.amount.minor());
        }
        self.billed += draft.total().minor();
        self.collected += draft.amount_due().unwrap().minor();
        for line in draft.lines() {
            match line.draft.credits {
                Some(credited) => {
                    let (net, tax) = (line.net.negate().unwrap(), line.tax.negate().unwrap());
                    self.credit(credited.line, line.draft.period, (net, tax));
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
        self.give(draft.total());
        for line in draft.lines() {
            assert_eq!(line.explain.amount(), line.net.negate());
            self.credit(line.credits, line.period, (line.net, line.tax));
        }
    }

    fn credit(&mut self, id: InvoiceLineId, period: Period, (net, tax): (Money, Money)) {
        let booked = self.booked.iter_mut().find(|booked| booked.id == id).unwrap();
        assert_ne!(booked.line.draft.kind, LineKind::Usage);
        booked.credits.push((period, net, tax));
        let (net, tax) = booked.credited();
        assert!(net <= booked.line.net.minor(), "credited beyond what was billed");
        assert!(
            tax <= booked.line.tax.minor(),
            "tax credited beyond what was billed"
        );
    }
}
