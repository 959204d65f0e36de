//! What is due now of a change: how much of it is charged to the card, or why none of it is.

use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::period::Zone;
use leptos::prelude::*;
use service::{Overview, PaymentMethod};

use crate::format;
use crate::portal::lines::DraftTable;
use crate::text::en::plan::change as t;

/// How the bill of a change is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pays<'a> {
    /// Nothing is left to charge.
    Nothing(Why),
    /// Within so many days.
    Sent(u16),
    Card(&'a PaymentMethod, Money),
    NoCard,
}

/// Why nothing is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Credit,
    TooLittle,
    NothingBilled,
}

impl<'a> Pays<'a> {
    pub fn of(draft: &InvoiceDraft, overview: &'a Overview) -> Self {
        let (terms, card) = (overview.customer.terms, overview.payment_method.as_ref());
        Self::by(draft, terms.net_days(), card)
    }

    fn by(draft: &InvoiceDraft, net_days: Option<u16>, card: Option<&'a PaymentMethod>) -> Self {
        let due = due(draft);
        match (net_days, card) {
            _ if !due.is_positive() => Self::Nothing(Why::of(draft)),
            (Some(days), _) => Self::Sent(days),
            (None, Some(card)) => Self::Card(card, due),
            (None, None) => Self::NoCard,
        }
    }

    /// What the button says: what is charged, where anything is.
    pub fn label(self) -> String {
        match self {
            Self::Card(_, amount) => t::confirm_and_pay(&format::money(amount)),
            Self::Nothing(_) | Self::Sent(_) | Self::NoCard => t::CONFIRM.to_owned(),
        }
    }
}

impl Why {
    fn of(draft: &InvoiceDraft) -> Self {
        if draft.carried().is_negative() {
            Self::TooLittle
        } else if draft.credit_applied().is_positive() {
            Self::Credit
        } else {
            Self::NothingBilled
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            Self::Credit => t::COVERED,
            Self::TooLittle => t::TOO_LITTLE,
            Self::NothingBilled => t::NOTHING_CHARGED,
        }
    }
}

/// What is collected of a bill: its total, what was carried to it, less what credit pays.
pub fn due(draft: &InvoiceDraft) -> Money {
    draft.amount_due().unwrap_or(draft.total())
}

/// How much, and what makes it up.
#[component]
pub fn Amounts(draft: InvoiceDraft, zone: Zone, caption: &'static str) -> impl IntoView {
    if draft.lines().is_empty() {
        return view! { <p class="text-muted">{t::NOTHING_DUE}</p> }.into_any();
    }
    view! {
        <p class="figure-lg">{format::money(due(&draft))}</p>
        <DraftTable draft=draft zone=zone caption=caption/>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use billing::credit::{CreditGrant, GrantTerms, Wallet};
    use billing::id::{CreditGrantId, PaymentMethodId};
    use billing::invoice::{Assembly, OneOff};
    use billing::money::Currency;
    use chrono::{DateTime, Utc};

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn now() -> DateTime<Utc> {
        "2026-12-28T10:06:00Z".parse().unwrap()
    }

    fn card() -> PaymentMethod {
        PaymentMethod {
            id: PaymentMethodId::from_uuid(Default::default()),
            gateway_ref: String::new(),
            brand: "visa".to_owned(),
            last4: "4242".to_owned(),
            exp_month: 12,
            exp_year: 2040,
            is_default: true,
        }
    }

    /// A bill of one amount, from a wallet with so much credit to which so much was carried.
    fn bill(amount: i64, credit: i64, carried: i64) -> InvoiceDraft {
        let grant = CreditGrantId::from_uuid(Default::default());
        let grant = CreditGrant::new(grant, GrantTerms::paid(usd(credit)), now());
        let grants = if credit > 0 { vec![grant] } else { Vec::new() };
        let mut wallet = Wallet::new(Currency::USD, grants).owing(usd(carried));
        let once = OneOff::new("Change", 1, usd(amount), Currency::USD).unwrap();
        InvoiceDraft::assemble(
            Currency::USD,
            vec![once.line(now()).unwrap()],
            &Assembly::default(),
        )
        .unwrap()
        .settle(&mut wallet, now())
        .unwrap()
    }

    fn says(draft: &InvoiceDraft) -> (String, String) {
        let card = card();
        (
            format::money(due(draft)),
            Pays::by(draft, None, Some(&card)).label(),
        )
    }

    fn both(due: &str, label: &str) -> (String, String) {
        (due.to_owned(), label.to_owned())
    }

    #[test]
    fn the_button_says_what_is_charged() {
        let plain = both("$392.41", "Confirm and pay $392.41");
        assert_eq!(says(&bill(39_241, 0, 0)), plain);
        let carried = both("$392.71", "Confirm and pay $392.71");
        assert_eq!(says(&bill(39_241, 0, 30)), carried);
        let part = both("$292.41", "Confirm and pay $292.41");
        assert_eq!(says(&bill(39_241, 10_000, 0)), part);
    }

    #[test]
    fn where_nothing_is_charged_it_says_why() {
        let covered = bill(2_746, 200_000, 0);
        assert_eq!(says(&covered), both("$0.00", "Confirm"));
        assert_eq!(Pays::by(&covered, None, None), Pays::Nothing(Why::Credit));
        let little = bill(30, 0, 0);
        assert_eq!(says(&little), both("$0.00", "Confirm"));
        assert_eq!(Pays::by(&little, Some(30), None), Pays::Nothing(Why::TooLittle));
        assert_eq!(Pays::by(&bill(5_000, 0, 0), None, None), Pays::NoCard);
        assert_eq!(Pays::by(&bill(5_000, 0, 0), Some(30), None), Pays::Sent(30));
    }
}
