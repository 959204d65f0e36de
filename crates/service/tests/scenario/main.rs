//! Dated stories on a real Postgres under a clock that the story moves.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the story")]

#[path = "../support/mailbox.rs"]
mod mailbox;
#[path = "../support/receiver.rs"]
mod receiver;
#[expect(dead_code, reason = "shared with other tests")]
#[path = "../support/mod.rs"]
mod support;

mod abandoned_checkout;
mod add_on;
mod add_on_payment;
mod add_on_time;
mod agreed_price;
mod alert;
mod alert_channel;
mod alert_due;
mod awaited_upgrade;
mod batches;
mod calendar_billing;
mod cancel_now;
mod catalog;
mod catalog_add_on;
mod catalog_draft;
mod catch_up;
mod consolidated;
mod consolidated_debt;
mod correction;
mod coupon;
mod coupon_report;
mod credit_by_hand;
mod credit_refused;
mod custom_plan;
mod declined_renewal;
mod downgrade_at_period_end;
mod dunning;
mod dunning_end;
mod dunning_net_terms;
mod dunning_order;
mod entitlement_override;
mod feed;
mod fixed_term;
mod foreign;
mod foreign_override;
mod hooks;
mod idle_worker;
mod interval_at_period_end;
mod late_usage;
mod left_half_done;
mod lost_answer;
mod migration;
mod net_terms;
mod net_terms_changes;
mod old_debt;
mod one_off;
mod overage;
mod parallel_runs;
mod pause;
mod play;
mod purchase_upgrade_renewal;
mod quantity;
mod refund;
mod revenue;
mod schemes;
mod standalone;
mod stop_with_debt;
mod tax;
mod tax_held;
mod tax_rate;
mod too_little;
mod top_up;
mod trial_extended;
mod trial_without_card;
mod upgrade_declined;
mod wallet;
mod wallet_migration;
mod webhook;
mod webhook_endpoint;
mod webhook_replay;
mod weekly_plan;
mod yearly_plan;
