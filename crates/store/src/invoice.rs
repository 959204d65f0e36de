//! Finalized invoices and their lines. Drafts are values and never stored.

mod read;
mod write;

pub use read::{AttemptRow, InvoiceDetail, InvoiceSummary, billed_line, find, list, lock, open};
pub use write::{NewInvoice, insert, settle, take_numbers, void};
