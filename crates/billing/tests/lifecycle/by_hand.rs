//! Credit notes of staff's beside all that happens by itself: of any invoice, in part or all that is left of it.

use billing::credit::{
    BilledTax, CreditRefused, GivenBack as Given, HandNote, Kept, PaidTo, StandingInvoice, StandingLine,
    Wanted, WantedLine, credit_by_hand,
};
use billing::id::PaymentAttemptId;
use billing::invoice::InvoiceStatus;
use billing::money::Currency;
use billing::period::Period;
use billing::tax::TaxBehavior;
use uuid::Uuid;

use crate::books::{Booked, By, GivenBack};
use crate::catalog::usd;
use crate::life::Life;

impl Booked {
    fn standing(&self, behavior: TaxBehavior) -> StandingLine {
        let draft = &self.line.draft;
        let billed = |line: &_| BilledTax {
            line: Clone::clone(line),
            credited: usd(0),
        };
        let served = Period::new(draft.period.start(), self.stands_until());
        let mut standing = StandingLine {
            line: self.id,
            item: draft.item,
            kind: draft.kind,
            description: draft.description.clone(),
            period: draft.period,
            served: served.unwrap_or(draft.period),
            amount: draft.amount,
            discount: self.line.discount().unwrap(),
            net: self.line.net,
            taxes: self.line.taxes.iter().map(billed).collect(),
            behavior,
            given_back: Given::nothing(Currency::USD),
        };
        for credit in &self.credits {
            let amount = match credit.by {
                By::Hand(amount) => Some(amount),
                By::Invoice | By::Note => None,
            };
            standing.give_back(amount, credit.net, &credit.taxes).unwrap();
        }
        standing
    }
}

impl Life<'_> {
    /// An invoice and its payment as a note finds them. All of them are paid at once.
    fn standing(&self, nth: usize) -> StandingInvoice {
        let invoice = &self.invoices[nth];
        let booked = &self.booked[invoice.lines.clone()];
        let credits = booked.iter().flat_map(|booked| &booked.credits);
        let on_notes = credits.filter(|credit| credit.by != By::Invoice);
        let kept = Kept {
            attempt: PaymentAttemptId::from_uuid(Uuid::from_u128(nth as u128 + 1)),
            amount: invoice.kept,
        };
        StandingInvoice {
            status: InvoiceStatus::Paid,
            total: invoice.total,
            due: usd(0),
            credited: usd(on_notes.map(GivenBack::total).sum()),
            kept: vec![kept],
            lines: booked
                .iter()
                .map(|booked| booked.standing(invoice.behavior))
                .collect(),
        }
    }

    /// So many thousandths of a line, or all that is left of the invoice.
    pub fn give_by_hand(&mut self, nth: usize, part: Option<(usize, i64)>, paid_to: PaidTo) {
        let Some(nth) = nth.checked_rem(self.invoices.len()) else {
            return;
        };
        let invoice = self.standing(nth);
        let wanted = match part {
            None => Wanted::Rest,
            Some((line, thousandths)) => {
                let line = line
                    .checked_rem(invoice.lines.len())
                    .map(|nth| &invoice.lines[nth]);
                let wanted = line.map(|line| WantedLine {
                    line: line.line,
                    amount: Some(usd(line.amount.minor() * thousandths / 1_000)),
                });
                Wanted::Lines(wanted.into_iter().collect())
            }
        };
        if let Ok(note) = credit_by_hand(&invoice, &wanted, paid_to) {
            assert!(invoice.credited.minor() + note.draft.total().minor() <= invoice.total.minor());
            self.issue(nth, &note);
        }
        if part.is_none() {
            let again = credit_by_hand(&self.standing(nth), &wanted, paid_to);
            assert_eq!(again, Err(CreditRefused::NothingLeft));
        }
    }

    /// Money goes back, or it becomes credit.
    fn issue(&mut self, nth: usize, note: &HandNote) {
        let (total, parts) = (note.draft.total(), note.parts);
        assert_eq!(parts.refund.plus(parts.credit), Ok(total));
        let gone: i64 = note.refunds.iter().map(|refund| refund.amount.minor()).sum();
        assert_eq!(gone, parts.refund.minor());
        let invoice = &mut self.invoices[nth];
        assert!(gone <= invoice.kept.minor(), "refunded more than came in");
        invoice.kept = invoice.kept.minus(parts.refund).unwrap();
        self.collected -= gone;
        self.given_back += total.minor();
        if parts.credit.is_positive() {
            self.give(parts.credit);
        }
        for line in note.draft.lines() {
            let given_back = GivenBack {
                period: line.period,
                by: By::Hand(line.amount.unwrap()),
                net: line.net,
                taxes: line.taxes.clone(),
            };
            self.credit(line.credits, given_back);
        }
    }
}
