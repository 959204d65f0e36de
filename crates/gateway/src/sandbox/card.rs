//! The test cards: a number chooses what the sandbox will do, and is forgotten at once.

use chrono::{DateTime, Datelike, Utc};

use crate::decline::DeclineCode;

/// A card number the sandbox accepts, with its explanation for the hosted page.
#[derive(Debug)]
pub struct TestCard {
    pub number: &'static str,
    pub title: &'static str,
    pub effect: &'static str,
    brand: &'static str,
    behaviour: Behaviour,
}

/// The numbers are Stripe's well-known ones, so that hands and documents need not relearn them; where Stripe
/// has none for a case the number is ours.
static TEST_CARDS: [TestCard; 12] = [
    TestCard {
        number: "4242424242424242",
        title: "Visa that pays",
        effect: "Every charge succeeds.",
        brand: "visa",
        behaviour: Behaviour::Succeeds,
    },
    TestCard {
        number: "5555555555554444",
        title: "Mastercard that pays",
        effect: "Every charge succeeds.",
        brand: "mastercard",
        behaviour: Behaviour::Succeeds,
    },
    TestCard {
        number: "4000002500003155",
        title: "Authentication required",
        effect: "The bank asks the customer to approve here and on every later charge.",
        brand: "visa",
        behaviour: Behaviour::Authenticates,
    },
    TestCard {
        number: "4000000000000002",
        title: "Declined",
        effect: "Refused here without a reason.",
        brand: "visa",
        behaviour: Behaviour::Declines,
    },
    TestCard {
        number: "4000000000009995",
        title: "Insufficient funds",
        effect: "Refused here for lack of funds.",
        brand: "visa",
        behaviour: Behaviour::LacksFunds,
    },
    TestCard {
        number: "4000000000000069",
        title: "Expired card",
        effect: "Refused here for good: only another card can pay.",
        brand: "visa",
        behaviour: Behaviour::Expired,
    },
    TestCard {
        number: "4000000000000341",
        title: "Declined later",
        effect: "Works here; every later charge is refused and may be tried again.",
        brand: "visa",
        behaviour: Behaviour::DeclinesLater,
    },
    TestCard {
        number: "4000000000000325",
        title: "Declined twice later",
        effect: "Works here; the next two charges are refused, those after them succeed.",
        brand: "visa",
        behaviour: Behaviour::DeclinesTwiceLater,
    },
    TestCard {
        number: "4000000000000366",
        title: "Expires later",
        effect: "Works here; every later charge is refused for good.",
        brand: "visa",
        behaviour: Behaviour::ExpiresLater,
    },
    TestCard {
        number: "4000000000000119",
        title: "Answer lost",
        effect: "Works here; a later charge or refund succeeds, but its answer never arrives.",
        brand: "visa",
        behaviour: Behaviour::LosesAnswer,
    },
    TestCard {
        number: "4000000000007726",
        title: "Refunds wait",
        effect: "Every charge succeeds; a refund waits for the bank first.",
        brand: "visa",
        behaviour: Behaviour::RefundsWait,
    },
    TestCard {
        number: "4000000000005126",
        title: "Refunds fail",
        effect: "Every charge succeeds; no refund does.",
        brand: "visa",
        behaviour: Behaviour::RefundsFail,
    },
];

pub fn test_cards() -> &'static [TestCard] {
    &TEST_CARDS
}

/// What was typed on the hosted page. No `Debug`: a card number has no business in a log.
pub struct CardInput {
    /// Spaces and hyphens are fine.
    pub number: String,
    pub exp_month: u8,
    /// With or without the century.
    pub exp_year: u16,
    pub cvc: String,
}

/// Why the page did not take the card. The session stays open for another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("This sandbox takes only its own test cards.")]
    UnknownNumber,
    #[error("The expiry date lies in the past or is not a date.")]
    InvalidExpiry,
    #[error("The security code has three digits.")]
    InvalidCvc,
    #[error("The card was declined ({0}).")]
    Declined(DeclineCode),
}

impl Refusal {
    pub fn code(&self) -> &str {
        match self {
            Self::UnknownNumber => "unknown_test_card",
            Self::InvalidExpiry => "invalid_expiry",
            Self::InvalidCvc => "invalid_cvc",
            Self::Declined(code) => code.as_str(),
        }
    }
}

/// What a card does, as stored in place of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(super) enum Behaviour {
    Succeeds,
    Authenticates,
    Declines,
    LacksFunds,
    Expired,
    DeclinesLater,
    DeclinesTwiceLater,
    ExpiresLater,
    LosesAnswer,
    RefundsWait,
    RefundsFail,
}

/// What the bank says to one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Succeed,
    Decline(DeclineCode),
    Authenticate,
}

/// What the bank says to a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefundVerdict {
    Succeed,
    Wait,
    Fail(&'static str),
}

impl Behaviour {
    pub(super) const fn on_refund(self) -> RefundVerdict {
        match self {
            Self::RefundsWait => RefundVerdict::Wait,
            Self::RefundsFail => RefundVerdict::Fail("expired_or_canceled_card"),
            _ => RefundVerdict::Succeed,
        }
    }

    pub(super) const fn on_page(self) -> Verdict {
        match self {
            Self::Succeeds
            | Self::DeclinesLater
            | Self::DeclinesTwiceLater
            | Self::ExpiresLater
            | Self::LosesAnswer
            | Self::RefundsWait
            | Self::RefundsFail => Verdict::Succeed,
            Self::Authenticates => Verdict::Authenticate,
            Self::Declines => Verdict::Decline(DeclineCode::CARD_DECLINED),
            Self::LacksFunds => Verdict::Decline(DeclineCode::INSUFFICIENT_FUNDS),
            Self::Expired => Verdict::Decline(DeclineCode::EXPIRED_CARD),
        }
    }

    /// After so many charges without the customer that were declined.
    pub(super) const fn off_session(self, declined: i64) -> Verdict {
        match self {
            Self::DeclinesTwiceLater if declined < 2 => Verdict::Decline(DeclineCode::INSUFFICIENT_FUNDS),
            Self::DeclinesLater => Verdict::Decline(DeclineCode::CARD_DECLINED),
            Self::ExpiresLater => Verdict::Decline(DeclineCode::EXPIRED_CARD),
            other => other.on_page(),
        }
    }

    pub(super) const fn loses_answer(self) -> bool {
        matches!(self, Self::LosesAnswer)
    }
}

/// A card as the sandbox keeps it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub behaviour: Behaviour,
    pub brand: &'static str,
    pub last4: &'static str,
    pub exp_month: u8,
    pub exp_year: u16,
}

/// No card is issued for longer; a year beyond it is a typing error.
const LONGEST_VALIDITY_YEARS: i32 = 50;

const CVC_DIGITS: usize = 3;

pub(super) fn recognise(input: &CardInput, now: DateTime<Utc>) -> Result<Card, Refusal> {
    let digits: String = input.number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let card = TEST_CARDS
        .iter()
        .find(|card| card.number == digits)
        .ok_or(Refusal::UnknownNumber)?;
    let exp_year = if input.exp_year < 100 {
        input.exp_year + 2000
    } else {
        input.exp_year
    };
    let expiry = (i32::from(exp_year), u32::from(input.exp_month));
    let this_month = (now.year(), now.month());
    let last_month = (now.year() + LONGEST_VALIDITY_YEARS, now.month());
    if !(1..=12).contains(&input.exp_month) || expiry < this_month || expiry > last_month {
        return Err(Refusal::InvalidExpiry);
    }
    if input.cvc.len() != CVC_DIGITS || !input.cvc.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::InvalidCvc);
    }
    Ok(Card {
        behaviour: card.behaviour,
        brand: card.brand,
        last4: card.number.split_at(card.number.len() - 4).1,
        exp_month: input.exp_month,
        exp_year,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-03-15T12:00:00Z".parse().unwrap()
    }

    fn typed(number: &str, exp_month: u8, exp_year: u16, cvc: &str) -> Result<Card, Refusal> {
        let input = CardInput {
            number: number.to_owned(),
            exp_month,
            exp_year,
            cvc: cvc.to_owned(),
        };
        recognise(&input, now())
    }

    #[test]
    fn a_number_may_be_typed_with_gaps_and_a_short_year() {
        let card = typed("5555 5555-5555 4444", 3, 26, "737").unwrap();
        assert_eq!((card.brand, card.last4), ("mastercard", "4444"));
        assert_eq!((card.exp_month, card.exp_year), (3, 2026));
    }

    #[test]
    fn only_test_cards_with_a_future_expiry_are_taken() {
        let visa = "4242424242424242";
        assert_eq!(
            typed("4111111111111111", 12, 2030, "123"),
            Err(Refusal::UnknownNumber)
        );
        assert_eq!(typed("", 12, 2030, "123"), Err(Refusal::UnknownNumber));
        for (month, year) in [(2, 2026), (0, 2030), (13, 2030), (4, 2076), (1, u16::MAX)] {
            assert_eq!(
                typed(visa, month, year, "123"),
                Err(Refusal::InvalidExpiry),
                "{month}/{year}"
            );
        }
        for cvc in ["", "12", "1234", "12a"] {
            assert_eq!(typed(visa, 12, 2030, cvc), Err(Refusal::InvalidCvc), "{cvc}");
        }
    }

    #[test]
    fn every_number_is_listed_once_and_passes_the_check_digit() {
        for card in test_cards() {
            assert_eq!(
                test_cards()
                    .iter()
                    .filter(|other| other.number == card.number)
                    .count(),
                1
            );
            let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
            let digits = card.number.chars().rev().map(|c| c.to_digit(10).unwrap());
            let sum: u32 = digits
                .enumerate()
                .map(|(i, d)| if i % 2 == 1 { doubled(d) } else { d })
                .sum();
            assert_eq!(sum % 10, 0, "{}", card.number);
        }
    }
}
