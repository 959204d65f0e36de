//! What went wrong, in plain words, and what to do about it; and what went well.

use crate::error::AppError;

pub struct ErrorText {
    pub title: &'static str,
    pub advice: &'static str,
}

const fn text(title: &'static str, advice: &'static str) -> ErrorText {
    ErrorText { title, advice }
}

#[expect(
    clippy::too_many_lines,
    reason = "a line for each code, and the compiler sees that none is missing"
)]
pub const fn error(error: AppError) -> ErrorText {
    use AppError::*;
    match error {
        Unauthenticated => text("Please sign in", "What is here belongs to somebody."),
        Forbidden => text("Your role does not allow this", "Ask an owner to do it."),
        NotFound => text(
            "There is nothing here",
            "The address may be mistyped, or it belongs to somebody else.",
        ),
        WrongCredentials => text(
            "The e-mail address or the password is wrong",
            "Check both and try again.",
        ),
        EmailTaken => text(
            "This e-mail address is taken",
            "Sign in with it, or use another address.",
        ),
        Invalid => text(
            "Something in the form cannot be right",
            "Check the fields and send it again.",
        ),
        InvalidCompany => text("The company needs a name", "Enter 1 to 200 characters."),
        InvalidName => text("Your name is missing", "Enter 1 to 200 characters."),
        InvalidLabel => text("The name is missing or too long", "Enter 1 to 100 characters."),
        InvalidEmail => text("This is not an e-mail address", "It looks like name@example.com."),
        InvalidPassword => text(
            "The password does not fit",
            "Use 8 to 128 characters; a sentence is fine.",
        ),
        InvalidTimeZone => text("This time zone is not known", "Choose one from the list."),
        InvalidCatalog => text(
            "The catalog cannot be published as it is",
            "The page names each line that is wrong.",
        ),
        CatalogChanged => text(
            "The catalog or your draft changed meanwhile",
            "Nothing was published. Look again at what would change.",
        ),
        InvalidMonth => text(
            "There is no such month to show",
            "Months are written as in 2026-11, and none is shown that has not begun.",
        ),
        InvalidRegion => text(
            "A country belongs to a tax id",
            "Choose the country that gave it.",
        ),
        InvalidTaxId => text(
            "This is not the form of a tax id there",
            "Check it, or choose the country that gave it.",
        ),
        InvalidAmount => text(
            "This amount cannot be bought",
            "Enter one within the bounds, with no more decimals than the currency has.",
        ),
        InvalidBudget => text(
            "This cannot be a budget",
            "Enter an amount above zero without separators, such as 1500, and with no more decimals than the currency has.",
        ),
        InvalidLevels => text(
            "Nobody can be told at these parts",
            "Enter up to ten percents above 0, each once, with commas between. The most is ten times what is included.",
        ),
        AlertResolved => text(
            "The alert is resolved already",
            "It was seen to, or it is so no more. Nothing is left to decide.",
        ),
        InvalidChannel => text(
            "The channel cannot be reached by this",
            "The form says what each kind needs.",
        ),
        TooManyChannels => text(
            "There are as many channels as there may be",
            "Remove one before adding another.",
        ),
        TargetRefused => text(
            "Nothing is sent to this address",
            "Use https and a public host, on port 443 or 8443, without a user in it.",
        ),
        InvalidKinds => text(
            "This is no kind of event",
            "Write them as in invoice.paid or invoice.*, with commas between.",
        ),
        InvalidSince => text(
            "This is no time in the past",
            "Choose one within the last 90 days.",
        ),
        EndpointOff => text(
            "The endpoint is turned off",
            "Turn it on first; what it missed can be replayed then.",
        ),
        TooManyEndpoints => text(
            "There are as many endpoints as there may be",
            "Delete one before adding another.",
        ),
        ChangedMeanwhile => text(
            "It changed meanwhile",
            "Nothing was changed by you. Look again, then decide.",
        ),
        InvalidExpiryDay => text(
            "The key would not work for a day",
            "Choose a day to come within ten years, or none.",
        ),
        KeyReplaced => text(
            "The key was rotated before",
            "Another key took its place. Rotate that one, or make a new key.",
        ),
        NoScope => text(
            "A key without any right is good for nothing",
            "Tick at least one thing that it may do.",
        ),
        AlreadySubscribed => text(
            "There is a subscription already",
            "Change its plan instead of buying another.",
        ),
        Paused => text(
            "Your plan is paused",
            "Go on with it and change it then, or end it first.",
        ),
        TrialUsed => text(
            "The trial was used before",
            "A plan can still be bought; it is charged at once.",
        ),
        NoSubscription => text("There is no subscription", "Choose a plan first."),
        QuoteStale => text(
            "The preview is out of date",
            "Something changed meanwhile. Nothing was charged or issued.",
        ),
        NothingDue => text("Nothing is owed on this invoice", "It is settled or void."),
        NoLine => text(
            "Nothing is chosen to give back",
            "Enter an amount beside a line, or choose all that is left.",
        ),
        NotCreditable => text(
            "Nothing can be given back of this",
            "A void invoice, a top-up and a line that gives something back itself are left as they are.",
        ),
        BeyondWhatIsLeft => text(
            "This is more than is left to give back",
            "What was given back before counts. Nothing was issued.",
        ),
        NothingLeft => text("Nothing is left to give back", "All of it was given back before."),
        AmountTooSmall => text(
            "The amount is too small",
            "After its part of the discount nothing would be given back.",
        ),
        PaymentUnderWay => text("A payment is under way", "Wait for its outcome, then try again."),
        NoPaymentMethod => text("There is no card on file", "Add one first. Nothing was charged."),
        SamePrice => text("This is your plan already", "Choose another one to change."),
        SameQuantity => text("You have as many already", "Choose another number to change."),
        AddOnUnavailable => text(
            "An add-on is not sold with this plan",
            "Remove it on the page of your plan; it then goes with the end of the period.",
        ),
        AddOnNotPriced => text(
            "An add-on is not sold for this interval",
            "Remove it on the page of your plan, or keep the interval.",
        ),
        TooManyAddOns => text(
            "There are ten add-ons already",
            "Remove one before adding another.",
        ),
        ChangeAwaitsPayment => text(
            "A change waits for its payment",
            "Pay or wait for it to expire, then change again.",
        ),
        NothingPending => text(
            "There is nothing to undo",
            "It was undone before, or it has taken effect.",
        ),
        ChangeScheduled => text(
            "A change or the end is scheduled",
            "Undo it first, then try again.",
        ),
        ChangeScheduledByStaff => text(
            "We scheduled this change for you",
            "It takes effect at the end of the period. Choose another plan, or write to us.",
        ),
        InvoiceOpen => text("An invoice is open", "Pay it first, then try again."),
        ResumesTooEarly => text("The pause would end before it begins", "Choose a later day."),
        NotChangeable => text("The subscription cannot change now", "Settle what is open first."),
        CodeUnknown => text("This promotion code is not known", "Check how it is spelled."),
        CodeExpired => text("This promotion code has expired", "It is not taken any more."),
        CodeUsedUp => text("This promotion code is used up", "It is not taken any more."),
        CodeRedeemed => text(
            "You had this promotion before",
            "Each customer can have it once, by whichever code.",
        ),
        CodeFirstTimeOnly => text(
            "This promotion code is for new customers",
            "It is not taken once something has been paid.",
        ),
        CodeOtherPlan => text(
            "This promotion code is for another plan",
            "It is not taken with this one.",
        ),
        CodeOtherCurrency => text(
            "This promotion code is for another currency",
            "It is not taken for bills in yours.",
        ),
        CodeBelowMinimum => text(
            "This promotion code is for larger bills",
            "The price of the plan is below the least it is for.",
        ),
        TooManyDiscounts => text(
            "There are five promotions already",
            "Redeem the code once one of them has ended.",
        ),
        CodeTaken => text("There is such a promotion code already", "Choose another name."),
        KeyReused => text(
            "This was issued before, with other words",
            "Look at the notes of the invoice; review a new one if another is due.",
        ),
        EventConflict => text("The same event came with other content", "Nothing was counted."),
        ClockRefused => text(
            "The clock did not move",
            "It moves only forward, and only in the sandbox.",
        ),
        TooMany => text("Too many tries", "Wait a minute and try again."),
        Preparing => text("Demo data are being prepared", "Try again in a few seconds."),
        GatewayUnavailable => text(
            "The payment provider does not answer",
            "Nothing is charged twice: the outcome is looked up. Try again in a minute.",
        ),
        StorageUnavailable => text(
            "The database does not answer",
            "Try again in a moment. Nothing was changed.",
        ),
        AmountOutOfRange => text("An amount is out of range", "Nothing was changed."),
        ChangeDeclined => text(
            "The card was declined: your plan stays as it was",
            "Nothing was charged. Use another card and try again.",
        ),
        CardDeclined => text("The card was declined", "Nothing was charged. Try another card."),
        UnknownTestCard => text("This is not one of the test cards", "Choose one from the list."),
        InvalidExpiry => text(
            "The expiry date is not valid",
            "Enter a month and a year to come, such as 12/30.",
        ),
        InvalidCvc => text("The security code is not valid", "It has three digits."),
        Offline => text(
            "The server cannot be reached",
            "Check the connection and try again.",
        ),
        Internal => text(
            "Something went wrong on our side",
            "Nothing you did. If it stays, tell us the request id.",
        ),
    }
}

/// What a redirect after success says, by its code.
pub fn notice(code: &str) -> Option<&'static str> {
    Some(match code {
        "change_applied" => "Your plan has changed.",
        "add_on_applied" => "Your add-ons have changed.",
        "add_on_scheduled" => "The change comes with the end of the period. You can undo it until then.",
        "standalone_canceled" => "It ends with its period. Until then you can keep it after all.",
        "standalone_kept" => "It goes on.",
        "add_on_undone" => "Your add-on goes on as it is.",
        "add_on_processing" => "The payment is being processed. The add-on comes once it succeeds.",
        "change_scheduled" => "The change is scheduled. You can undo it until then.",
        "change_undone" => "The scheduled change is undone. Your plan goes on as it is.",
        "change_processing" => "The payment is being processed. The plan changes once it succeeds.",
        "cancel_scheduled" => "The subscription ends with the period. You can undo it until then.",
        "cancel_undone" => "Good: your subscription goes on.",
        "alert_acknowledged" => "Acknowledged: whoever was told knows that somebody looks after it.",
        "alert_resolved" => "Resolved. It stands among the past alerts.",
        "alert_snoozed" => "Snoozed: it stays off the overview until then, and stands here.",
        "thresholds_set" => "Saved. You are told from there on.",
        "thresholds_usual" => "You are told of it as usual again.",
        "budget_set" => "The budget is saved. It counts from now on.",
        "budget_removed" => "The budget is removed.",
        "channel_added" => "The channel is added. Send a test to see whether it arrives.",
        "channel_removed" => "The channel is removed.",
        "endpoint_changed" => "Saved.",
        "endpoint_on" => "The endpoint is on. It hears of what happens from now on; replay what it missed.",
        "endpoint_off" => "The endpoint is off. Nothing is sent to it.",
        "endpoint_deleted" => "The endpoint is deleted.",
        "delivery_resent" => "It is sent again. Load the page again to see what came of it.",
        "replayed" => "What failed or was missed since then is sent again.",
        "replayed_none" => "Nothing failed or was missed since then.",
        "replayed_some" => "Ten thousand are sent again, the oldest first. There may be more: replay again.",
        "key_revoked" => "The key is revoked. It opens nothing any more.",
        "tax_saved" => "Saved. Your next invoice is taxed by it.",
        "code_redeemed" => {
            "The promotion code is redeemed. It counts from your next bill on; the overview shows it."
        }
        "catalog_published" => "The catalog is published.",
        "catalog_discarded" => "The draft is discarded.",
        "coupon_created" => "The coupon is made. Customers get it by a code: make one below.",
        "note_issued" => "The credit note is issued. The customer was told.",
        "codes_created" => "The codes are made.",
        "code_retired" => "Nobody redeems the code any more.",
        "paused" => "Your plan is paused. What you had paid for is your credit now.",
        "canceled" => "Your subscription has ended. Credit and invoices stay here.",
        "resumed" => "Welcome back: your plan works again.",
        "resume_processing" => "Your plan works again; the payment is being processed.",
        "signed_out" => "You are signed out.",
        "payment_canceled" => "Nothing was charged.",
        _ => return None,
    })
}

pub const REQUEST_ID: &str = "Request id";
