//! Numbered demands for payment: lines, totals, states and how each amount explains itself.

mod draft;
mod explain;
mod line;
mod number;
mod state;
mod terms;

pub use draft::InvoiceDraft;
pub use explain::{Explain, IncludedPart, MaximumSpend};
pub use line::{Charge, CreditedLine, DraftLine, Line, LineKind};
pub use number::InvoiceNumber;
pub use state::{InvalidInvoiceMove, InvoiceStatus};
pub use terms::{DueDate, InvalidTerms, NetDays, PaymentTerms};
