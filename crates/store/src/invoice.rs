//! Finalized invoices and their lines. Drafts are values and never stored.

mod bounds;
mod read;
mod write;

pub use bounds::{billed_until, recurring_lines_since};
pub use read::{AttemptRow, InvoiceDetail, InvoiceSummary, awaited, find, list, lock, open, owing};
pub use write::{NewInvoice, apply_credit, insert, settle, take_numbers, void};
