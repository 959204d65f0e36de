//! Numbered demands for payment: lines, totals, states and how each amount explains itself.

mod draft;
mod explain;
mod line;
mod number;
mod state;

pub use draft::InvoiceDraft;
pub use explain::{AddOnPart, Explain, IncludedPart, MaximumSpend};
pub use line::{Charge, CreditedLine, DraftLine, Line, LineKind};
pub use number::InvoiceNumber;
pub use state::{InvalidInvoiceMove, InvoiceStatus};
