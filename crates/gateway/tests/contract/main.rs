//! What every payment gateway promises (`checkout_rules`, `charge_rules`, `refund_rules`), run against each one there is, and
//! what only the sandbox promises (`sandbox`, `sandbox_pages`). Needs a Postgres server, its URL in
//! `TEST_DATABASE_URL`.

mod charge_rules;
mod checkout_rules;
mod refund_rules;
mod sandbox;
mod sandbox_pages;
mod support;

/// One test for each rule, so that a failure names it.
macro_rules! keeps {
    ($($module:ident: $($rule:ident),+ $(,)?;)+) => {$($(
        #[tokio::test]
        async fn $rule() -> anyhow::Result<()> {
            crate::support::with_sandbox(async |sandbox, _| {
                crate::$module::$rule(&crate::support::sandbox_world(sandbox)).await
            })
            .await
        }
    )+)+};
}

mod sandbox_keeps {
    keeps! {
        checkout_rules:
            a_payment_page_charges_and_saves_the_card,
            a_setup_page_saves_the_card_without_charging,
            a_refused_card_leaves_the_page_open_for_another,
            an_approved_card_completes_the_page,
            a_card_refused_by_its_holder_leaves_the_page_open,
            a_completed_page_takes_no_second_payment,
            the_same_request_gives_the_same_page,
            a_page_key_has_one_meaning,
            an_expired_page_takes_no_card,
            expiring_withdraws_a_pending_approval,
            expiring_comes_too_late_for_a_completed_page,
            a_customer_keeps_one_reference,
            unknown_pages_and_foreign_customers_are_refused,
            a_page_for_nothing_is_refused;
        charge_rules:
            a_saved_card_is_charged_while_its_holder_is_away,
            the_same_charge_again_moves_no_money,
            a_key_has_one_meaning,
            sixteen_at_once_charge_once,
            a_decline_is_an_answer_and_final,
            a_charge_awaits_approval_and_then_succeeds,
            a_charge_its_holder_refuses_is_declined,
            a_pending_charge_can_be_withdrawn,
            a_decided_charge_cannot_be_withdrawn,
            unknown_and_foreign_methods_are_refused,
            nothing_is_known_of_an_attempt_never_made,
            an_amount_must_be_positive;
        refund_rules:
            a_part_goes_back_and_then_the_rest,
            the_same_refund_again_moves_no_money,
            a_refund_key_has_one_meaning,
            sixteen_at_once_never_pass_the_charge,
            a_refund_may_wait_for_the_bank,
            a_refund_may_fail_and_then_none_went_back,
            only_what_was_charged_goes_back,
            nothing_is_known_of_a_refund_never_made;
    }
}
