//! Double entries for every movement of money: debits are positive, credits negative, each posting sums
//! to zero. Balances are sums of entries and stand nowhere else.

mod account;
mod posting;

pub use account::Account;
pub use posting::{
    Entry, Posting, PostingError, PostingKind, credit_applied, credit_expired, credit_granted,
    credit_note_issued, debt_carried, invoice_finalized, invoice_written_off, payment_received,
    refund_failed, refund_paid, refund_returned, top_up_granted,
};
