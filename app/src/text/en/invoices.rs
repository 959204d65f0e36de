//! Invoices, their lines and payments.

pub const TITLE: &str = "Invoices";
pub const LIST: &str = "All invoices, newest first";
pub const EMPTY: &str = "No invoices yet";
pub const EMPTY_HINT: &str = "The first one appears with the first charge. A trial charges nothing.";
pub const NUMBER: &str = "Number";
pub const ISSUED: &str = "Issued";
pub const STATUS: &str = "Status";
pub const FOR: &str = "For";
pub const TOTAL: &str = "Total";
pub const UPCOMING: &str = "Upcoming";
pub const NOT_YET: &str = "Not yet";
pub const UPCOMING_FOR: &str = "Renewal, with usage as of now";

pub const DRAFT: &str = "Draft";
pub const OPEN: &str = "Open";
pub const PAID: &str = "Paid";
pub const VOID: &str = "Void";
pub const UNCOLLECTIBLE: &str = "Uncollectible";

pub const BACK: &str = "All invoices";
pub const ISSUED_ON: &str = "Issued";
pub const DUE_ON: &str = "Due";
pub const PAID_ON: &str = "Paid";
pub const VOIDED_ON: &str = "Voided";
pub const BILLED_TO: &str = "Billed to";
pub const AMOUNT_DUE: &str = "Amount due";
pub const NOT_PAID: &str = "Not paid";
pub const AMOUNT_PAID: &str = "Amount paid";
pub const AMOUNT: &str = "Amount";
pub const LINES: &str = "Lines";
pub const LINES_CAPTION: &str =
    "Lines of the invoice with amount and tax, what coupons take off, and the sums";
pub const CREDIT_APPLIED: &str = "Credit applied";
pub const PROMOTIONAL_CREDIT: &str = "Promotional credit";
pub const ALREADY_PAID: &str = "Paid";
pub const PAYMENTS: &str = "Payments";
pub const PAYMENT_PAGE: &str = "On the payment page";
pub const PAID_WITH: &str = "The card it was paid with";
pub const PAYMENTS_CAPTION: &str = "Tries to collect this invoice, newest first";
pub const NO_PAYMENTS: &str = "Nothing has been tried yet.";
pub const NO_PAYMENTS_MADE: &str = "Nothing was paid and no card was charged.";
pub const CREDIT_PAID_A_PART: &str = "Your credit paid a part of it; no card was charged.";
pub const TOO_LITTLE: &str =
    "What was left to pay is too little to charge. It is added to your next invoice; nothing is to be done.";
pub const CREDIT_PAID: &str = "Your credit paid all of it; no card was charged.";
pub const NOTE_SETTLED: &str = "A credit note took off what was still owed; no card was charged.";
pub const OFFSET: &str = "Credit notes";
pub const REFUND_OF: &str = "Refund of";
pub const NOTHING_TO_PAY: &str = "There was nothing to pay.";
pub const WHEN: &str = "When";
pub const CARD: &str = "Card";
pub const OUTCOME: &str = "Outcome";
pub const PAY_NOW: &str = "Pay now";
pub const PLAN_STAYED: &str = "The upgrade was not paid, so your plan stayed as it was. Nothing was charged.";
pub const CHOOSE_AGAIN: &str = "Choose again";
pub const REPLACE_CARD: &str = "Replace the card";
pub const VOID_NOTE: &str = "This invoice was voided: nothing is owed on it.";
pub const WRITTEN_OFF_NOTE: &str = "Nobody asks for this invoice any more. It can still be paid.";
pub const EXEMPT: &str = "You are exempt from tax.";
pub const REVERSE_CHARGE: &str = "Reverse charge: you account for the tax at your own tax office.";

pub fn tax_id(id: &str) -> String {
    format!("Tax id {id}")
}

pub fn title(number: &str) -> String {
    format!("Invoice {number}")
}

pub fn pay(amount: &str) -> String {
    format!("Pay {amount}")
}

/// Of one that was sent.
pub fn no_card_charged(date: &str) -> String {
    format!("No card is charged for this invoice by itself. Pay it by {date}.")
}

pub fn was_to_be_paid(date: &str) -> String {
    format!("No card is charged for this invoice by itself. It was to be paid by {date}.")
}

/// Of one that was sent and may be paid until then.
pub fn due_on(date: &str) -> String {
    format!("Due on {date}")
}

/// The same where there is little room.
pub fn due(day: &str) -> String {
    format!("Due {day}")
}

pub const OVERDUE: &str = "Overdue";

pub fn overdue_since(date: &str) -> String {
    format!("Overdue since {date}")
}

/// Why an invoice was made.
pub fn reason(reason: &str) -> &str {
    match reason {
        "purchase" => "Purchase",
        "renewal" => "Renewal",
        "upgrade" => "Upgrade",
        "trial_end" => "End of trial",
        "pause" => "Usage before the pause",
        "resume" => "Going on",
        "cancel" => "Last usage",
        "one_off" => "One-off",
        "top_up" => "Top-up",
        other => other,
    }
}

pub mod credit {
    pub const TITLE: &str = "Credit notes";
    pub const WALLET: &str = "Wallet";
    pub const HINT: &str = "Credit pays for your next invoices, before your card is charged.";
    pub const NOTES: &str = "Credit notes, newest first";
    pub const NUMBER: &str = "Number";
    pub const ISSUED: &str = "Issued";
    pub const ISSUED_TO: &str = "Issued to";
    pub const FOR: &str = "For";
    pub const AMOUNT: &str = "Amount";
    pub const LINES: &str = "What is given back";
    pub const OF: &str = "of invoice";
    pub const BACK: &str = "All invoices";
    pub const OFFSET: &str = "Less owed of the invoice";
    pub const REFUND: &str = "Back to the card";
    pub const REFUND_TO_COME: &str = "On its way back to the card";
    pub const REFUND_REFUSED: &str = "Not taken back by the card, added to credit";
    pub const CREDIT: &str = "Added to credit";
    pub const REFUNDS: &str = "Refunds";
    pub const REFUND_PENDING: &str = "Refund on its way";
    pub const REFUND_SUCCEEDED: &str = "Refunded";
    pub const REFUND_FAILED: &str = "Refund failed";
    pub const REFUND_FAILED_HINT: &str =
        "The card did not take the money back. It is your credit instead and pays for your next invoices.";
    pub const WHEN: &str = "When";
    pub const CARD: &str = "Card";
    pub const OUTCOME: &str = "Outcome";

    pub fn title(number: &str) -> String {
        format!("Credit note {number}")
    }

    pub fn reason(reason: &str) -> &str {
        match reason {
            "pause" => "Pause",
            "cancel" => "Cancellation",
            "change" => "Change of plan",
            "duplicated_charge" => "Charged twice",
            "product_unsatisfactory" => "Not as it should be",
            "order_change" => "Changed order",
            "order_cancellation" => "Canceled order",
            "fraudulent_charge" => "Fraudulent charge",
            "other" => "Another reason",
            other => other,
        }
    }
}

pub mod attempt {
    pub const CREATED: &str = "Not sent yet";
    pub const SUBMITTED: &str = "Waiting for the provider";
    pub const PROCESSING: &str = "Processing";
    pub const REQUIRES_ACTION: &str = "Needs your approval";
    pub const SUCCEEDED: &str = "Succeeded";
    pub const DECLINED: &str = "Declined";
    pub const CANCELED: &str = "Canceled";

    /// What a bank's code means for whoever holds the card, and what to do. Suspicions are not told.
    pub fn decline(code: &str) -> &'static str {
        match code {
            "insufficient_funds" => "The card has not enough funds. Try again later or use another card.",
            "expired_card" => "The card has expired. Use another card.",
            "incorrect_cvc" => "The security code was wrong. Enter the card again.",
            "incorrect_number" => "The card number was wrong. Enter the card again.",
            "processing_error" => "The card network failed. Try again.",
            "authentication_required" | "authentication_not_handled" => {
                "The bank wants you to approve the payment. Pay now to do so."
            }
            "authentication_failed" => {
                "The payment was not approved with the bank. Try again or use another card."
            }
            "card_not_supported" | "currency_not_supported" | "transaction_not_allowed" | "not_permitted" => {
                "The card does not allow this kind of payment. Use another card."
            }
            "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" => {
                "The card's limit is reached. Try again later or use another card."
            }
            _ => "The bank declined without a reason. Ask it, or use another card.",
        }
    }
}

pub mod explain {

    pub fn flat(quantity: &str, price: &str, amount: &str) -> String {
        format!("{quantity} × {price} = {amount}.")
    }

    pub fn used(used: &str, how: &str, from: &str, to: &str) -> String {
        format!("Used: {used} ({how}), counted from {from} up to {to}.")
    }

    pub fn included(included: &str, beyond: &str) -> String {
        format!("Included: {included}. Beyond that: {beyond}.")
    }

    pub fn aggregation(name: &str) -> &str {
        match name {
            "count" => "number of events",
            "sum" => "sum of all events",
            "min" => "lowest value",
            "max" => "highest value",
            "latest" => "latest value",
            "unique" => "different values",
            "time_weighted" => "average over time",
            other => other,
        }
    }

    pub const TOGETHER: &str = "Together";
    pub const FLAT_AMOUNT: &str = "Fixed amount";
    pub const UNITS: &str = "All units";
    pub const RATE: &str = "Percent of the value moved";
    pub const EVENTS: &str = "Fee for each event";
    pub const EVENT_MINIMUM: &str = "Events at the least fee";
    pub const EVENT_MAXIMUM: &str = "Events at the highest fee";

    pub fn tier(from: &str, up_to: &str) -> String {
        format!("Above {from}, up to {up_to}")
    }

    pub fn last_tier(from: &str) -> String {
        format!("Above {from}")
    }

    pub fn tier_flat(tier: &str) -> String {
        format!("{FLAT_AMOUNT} ({})", tier.replacen("Above", "above", 1))
    }

    pub fn packages(size: &str) -> String {
        format!("Packages of {size}, a started one counted whole")
    }

    pub fn percent_of(units: &str, percent: &str) -> String {
        format!("{units} × {percent}\u{a0}%")
    }

    /// An amount without an end in decimals is left to the sum.
    pub fn part(what: &str, formula: &str, amount: Option<&str>) -> String {
        match amount {
            Some(amount) => format!("{what}: {formula} = {amount}."),
            None => format!("{what}: {formula}."),
        }
    }

    pub fn at_most(maximum: &str, billed: &str, due: &str) -> String {
        format!(
            "At most {maximum} is charged in a period, of which {billed} was charged before: {due} is due."
        )
    }

    pub fn true_up(minimum: &str, billed: &str, due: &str) -> String {
        format!(
            "{minimum} was agreed as the least for a whole period, {billed} of this part was billed: {due} is due."
        )
    }

    pub fn known(known: &str) -> String {
        format!("When the period was billed, {known} was known.")
    }

    pub fn maximum(maximum: &str) -> String {
        format!("At most {maximum} is charged in a period.")
    }

    pub fn minimum(minimum: &str) -> String {
        format!("{minimum} was agreed as the least for a whole period.")
    }

    pub fn late(by_now: &str, billed: &str, due: &str) -> String {
        format!("The period comes to {by_now}, of which {billed} was billed before: {due} is due.")
    }

    pub fn included_part(whole: &str, part: &str) -> String {
        format!("A whole period includes {whole}; this part of it includes {part}, rounded up.")
    }

    pub fn add_on(name: &str, units: &str, times: &str, each: &str) -> String {
        format!("{name} adds {units} to it: {times} × {each}.")
    }

    /// The time of several is added up: two days of two are four.
    pub fn add_on_part(name: &str, units: &str, each: &str, (carried, whole): (&str, &str)) -> String {
        format!(
            "{name} adds {units} to it: one includes {each} a period, and the time of each together is {carried} \
             of {whole}, rounded up."
        )
    }

    pub fn share(served: &str, whole: &str) -> String {
        format!("The time covered is {served} of {whole}, counted by the second.")
    }

    pub fn share_of_days(served: &str, whole: &str) -> String {
        format!("The time covered is {served} of {whole}.")
    }

    pub fn discount(coupon: &str, before: &str, off: &str, left: &str) -> String {
        format!("{coupon}: {before} \u{2212}\u{a0}{off} = {left}.")
    }

    /// Of a coupon that discounts several lines at once.
    pub fn discount_share(coupon: &str, before: &str, off: &str, left: &str) -> String {
        format!("{coupon}, of which this line has its share: {before} \u{2212}\u{a0}{off} = {left}.")
    }

    pub const AND: &str = " and ";

    pub fn held_tax(amount: &str, tax: &str) -> String {
        format!("{amount} ({tax})")
    }

    pub fn held(price: &str, taxes: &str, net: &str) -> String {
        format!("Of {price}, {taxes} is tax: {net} without it.")
    }

    pub fn held_too(taxes: &str, amount: &str) -> String {
        format!("With its tax, {taxes}: {amount}.")
    }

    pub const CREDIT: &str = "It was paid in advance and is given back.";

    pub fn product(formula: &str, exact: &str, amount: &str) -> String {
        format!("{formula} = {exact}, rounded once to {amount}.")
    }

    pub fn exact(formula: &str, amount: &str) -> String {
        format!("{formula} = {amount}.")
    }

    pub fn part_given(given: &str, of: &str) -> String {
        format!("{given} of {of} is given back.")
    }

    pub fn part_discount((off, discount): (&str, &str), given: &str, left: &str) -> String {
        format!("Its part of the discount of {discount}: {given} \u{2212}\u{a0}{off} = {left}.")
    }

    pub fn rest(left: &str) -> String {
        format!("No more was left to give back: {left}.")
    }

    pub fn capped(amount: &str) -> String {
        format!("Only {amount} had been billed for it and not credited before: that is what is given back.")
    }
}
