//! What each use case answers an actor who asks for what is Ada's.

use service::billing::coupon::{CodeLimits, Discount, Duration, Percent};
use service::billing::credit::GrantTerms;
use service::billing::entitlement::{Allowance, Override};
use service::billing::id::{CouponId, CreditNoteId, CustomerId, InvoiceId, PlanId, PriceId};
use service::billing::invoice::PaymentTerms;
use service::billing::money::{Currency, Money};
use service::billing::subscription::{Term, UnusedTime};
use service::{
    Actor, Error, GrantCredit, MakeCodes, NewCoupon, NewPromotionCodes, OverrideKey, SetOverride, SetUp,
    StartCheckout, StopKind,
};

use crate::play::{Play, utc};

fn code(result: Result<(), Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |()| "ok")
}

/// What each use case answers this actor, by name; `foreign` belongs to somebody else.
pub async fn answers(play: &Play, actor: &Actor, foreign: &Foreign) -> Vec<(&'static str, &'static str)> {
    let b = &play.billing;
    let mut answers = vec![
        ("invoice", code(b.invoice(actor, foreign.invoice).await.map(drop))),
        (
            "start_payment",
            code(b.start_payment(actor, foreign.invoice).await.map(drop)),
        ),
        (
            "checkout_result",
            code(b.checkout_result(actor, &foreign.session_ref).await.map(drop)),
        ),
        (
            "confirm_change",
            code(b.confirm_change(actor, &foreign.token).await.map(drop)),
        ),
        (
            "preview_change",
            code(b.preview_change(actor, foreign.price).await.map(drop)),
        ),
        ("undo_change", code(b.undo_change(actor).await)),
        ("cancel", code(b.cancel(actor, None).await)),
        ("undo_cancel", code(b.undo_cancel(actor).await)),
        (
            "preview_quantity",
            code(b.preview_quantity(actor, 2).await.map(drop)),
        ),
        (
            "preview_stop",
            code(b.preview_stop(actor, CANCEL).await.map(drop)),
        ),
        (
            "confirm_stop",
            code(b.confirm_stop(actor, &foreign.stop_token, None).await.map(drop)),
        ),
        ("preview_resume", code(b.preview_resume(actor).await.map(drop))),
        (
            "confirm_resume",
            code(b.confirm_resume(actor, &foreign.token).await.map(drop)),
        ),
        (
            "credit_note",
            code(b.credit_note(actor, foreign.credit_note).await.map(drop)),
        ),
        (
            "preview_add_on",
            code(b.preview_add_on(actor, foreign.add_on, 1).await.map(drop)),
        ),
        (
            "confirm_add_on",
            code(b.confirm_add_on(actor, &foreign.add_on_token).await.map(drop)),
        ),
        ("undo_add_on", code(b.undo_add_on(actor, foreign.add_on).await)),
        ("add_ons", code(b.add_ons(actor).await.map(drop))),
        ("credit", code(b.credit(actor).await.map(drop))),
        ("overview", code(b.overview(actor).await.map(drop))),
        ("invoices", code(b.invoices(actor).await.map(drop))),
        ("start_add_card", code(b.start_add_card(actor).await.map(drop))),
    ];
    answers.extend(checkout_answers(play, actor, foreign).await);
    answers.extend(admin_answers(play, actor, foreign).await);
    answers
}

/// The same of buying, and of promotion codes.
async fn checkout_answers(
    play: &Play,
    actor: &Actor,
    foreign: &Foreign,
) -> [(&'static str, &'static str); 4] {
    let b = &play.billing;
    let start = StartCheckout {
        price: foreign.price,
        trial: false,
        code: None,
    };
    let started = b.start_checkout(actor, start).await.map(drop);
    let checked = b.check_code(actor, "LAUNCH", foreign.price).await.map(drop);
    [
        ("start_checkout", code(started)),
        ("check_code", code(checked)),
        ("redeem_code", code(b.redeem_code(actor, "LAUNCH").await)),
        ("top_up", code(b.top_up(actor, 50.into()).await.map(drop))),
    ]
}

/// The same of use cases that are not a customer's.
async fn admin_answers(play: &Play, actor: &Actor, foreign: &Foreign) -> Vec<(&'static str, &'static str)> {
    let b = &play.billing;
    let mut answers = vec![
        (
            "admin_overview",
            code(b.admin_overview(actor, None).await.map(drop)),
        ),
        ("clock_state", code(b.clock_state(actor).await.map(drop))),
        (
            "start_clock_move",
            code(b.start_clock_move(actor, utc("2020-01-01T00:00:00Z")).await),
        ),
        ("sent_mail", code(b.sent_mail(actor).await.map(drop))),
        ("verify_as", code(b.verify_as(actor).await.map(drop))),
        (
            "set_up_subscription",
            code(b.set_up_subscription(actor, foreign.set_up()).await.map(drop)),
        ),
        (
            "extend_trial",
            code(
                b.extend_trial(actor, foreign.customer, utc("2020-01-01T00:00:00Z"))
                    .await,
            ),
        ),
        (
            "undo_change_for",
            code(b.undo_change_for(actor, foreign.customer).await),
        ),
        (
            "set_override",
            code(b.set_override(actor, foreign.set_override()).await),
        ),
        (
            "remove_override",
            code(
                b.remove_override(actor, foreign.customer, OverrideKey::Meter("sla".into()))
                    .await,
            ),
        ),
        (
            "set_payment_terms",
            code(
                b.set_payment_terms(actor, foreign.customer, PaymentTerms::Immediate)
                    .await,
            ),
        ),
    ];
    answers.extend(granting_answers(play, actor, foreign).await);
    answers.push(("ingest", code(b.ingest(actor, Vec::new()).await.map(drop))));
    answers
}

/// The same of coupons and credit.
async fn granting_answers(
    play: &Play,
    actor: &Actor,
    foreign: &Foreign,
) -> Vec<(&'static str, &'static str)> {
    let b = &play.billing;
    vec![
        (
            "create_coupon",
            code(b.create_coupon(actor, Foreign::coupon()).await.map(drop)),
        ),
        (
            "create_codes",
            code(b.create_codes(actor, Foreign::codes()).await.map(drop)),
        ),
        ("retire_code", code(b.retire_code(actor, "LAUNCH").await)),
        (
            "grant_credit",
            code(b.grant_credit(actor, foreign.grant_credit()).await.map(drop)),
        ),
        (
            "credit_grants",
            code(b.credit_grants(actor, foreign.customer).await.map(drop)),
        ),
        ("coupon_report", code(b.coupon_report(actor).await.map(drop))),
        (
            "coupon_detail",
            code(b.coupon_detail(actor, Foreign::codes().coupon).await.map(drop)),
        ),
        (
            "codes_of",
            code(b.codes_of(actor, Foreign::codes().coupon).await.map(drop)),
        ),
    ]
}

/// What belongs to Ada.
pub struct Foreign {
    pub invoice: InvoiceId,
    pub session_ref: String,
    pub token: String,
    pub stop_token: String,
    pub add_on_token: String,
    pub add_on: PlanId,
    pub credit_note: CreditNoteId,
    pub customer: CustomerId,
    pub price: PriceId,
}

pub const CANCEL: StopKind = StopKind::Cancel {
    unused: UnusedTime::Credit,
};

impl Foreign {
    fn set_override(&self) -> SetOverride {
        SetOverride {
            customer: self.customer,
            agreed: Override::Meter {
                key: "api_requests".into(),
                included: Allowance::Unlimited,
            },
            reason: "Why not".into(),
        }
    }

    fn grant_credit(&self) -> GrantCredit {
        GrantCredit {
            customer: self.customer,
            terms: GrantTerms::paid(Money::new(1_000, Currency::USD)),
            reason: "Why not".into(),
        }
    }

    fn coupon() -> NewCoupon {
        NewCoupon {
            name: "Mine".to_owned(),
            discount: Discount::Percent(Percent::new(100.into()).unwrap()),
            duration: Duration::Forever,
            plans: None,
        }
    }

    fn codes() -> NewPromotionCodes {
        NewPromotionCodes {
            coupon: CouponId::from_uuid(uuid::Uuid::nil()),
            campaign: None,
            make: MakeCodes::One("MINE".to_owned()),
            limits: CodeLimits::default(),
        }
    }

    fn set_up(&self) -> SetUp {
        let term = Term {
            starts_at: utc("2026-04-01T00:00:00Z"),
            ends_at: None,
        };
        SetUp {
            customer: self.customer,
            price: self.price,
            billing_time: None,
            term,
        }
    }
}
