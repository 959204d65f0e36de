//! Payment methods, attempts with their allocations, and checkout sessions.

mod attempt;
mod checkout;
mod method;
mod refund;

pub use attempt::{
    Attempt, NewAttempt, Settlement, awaiting_action, came_of, find as find_attempt,
    insert as insert_attempts, last_decline, live_of_invoice, pending, set_in_flight,
    settle as settle_attempt, withdraw_unsent,
};
pub use checkout::{
    CheckoutEnd, CheckoutRow, NewCheckout, Purpose, close as close_checkout,
    close_unseen as close_unseen_checkout, find_by_ref as find_checkout, insert as insert_checkout,
    open_before as open_checkouts_before, open_of_customer as open_checkouts, set_page as set_checkout_page,
};
pub use method::{
    NewMethod, PaymentMethod, add as add_method, default as default_method, default_methods, list as methods,
};
pub use refund::{
    NewRefund, Refund, RefundRow, RefundSettlement, find as find_refund, insert as insert_refunds,
    of_note as refunds_of_note, pending as pending_refunds, send as send_refund, settle as settle_refund,
};
