//! Finalized invoices and their lines. Drafts are values and never stored.

mod bounds;
mod one_off;
pub mod page;
mod read;
mod write;

pub use bounds::{billed_until, recurring_lines_since};
pub use one_off::{
    NewOneOff, WaitingOneOff, bill_one_offs, insert_one_off, remove_one_off, waiting_one_offs,
};
pub(crate) use read::tax_basis;
pub use read::{
    AttemptRow, InvoiceDetail, InvoiceSummary, TOP_UP, find, given_back, list, lock, numbered, open, owing,
};
pub use write::{NewInvoice, apply_credit, insert, offset, settle, take_numbers, void, write_off};
