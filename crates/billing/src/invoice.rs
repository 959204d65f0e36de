//! Numbered demands for payment: lines, totals, states and how each amount explains itself.

mod discount;
mod draft;
mod explain;
mod line;
mod number;
mod one_off;
mod spread;
mod state;
mod terms;

#[cfg(feature = "zones")]
pub(crate) use discount::take_off;
pub use discount::{InvoiceDiscount, LineDiscount, TakenOff};
pub use draft::{Assembly, InvoiceDraft, Part};
pub use explain::{AddOnPart, Explain, IncludedPart, MaximumSpend, MinimumSpend};
pub use line::{Charge, CreditedLine, DraftLine, Line, LineKind};
pub use number::{InvalidNumber, InvoiceNumber};
pub use one_off::{OneOff, OneOffError, OneOffLineError};
pub use spread::spread;
pub use state::{InvalidInvoiceMove, InvoiceStatus};
pub use terms::{DueDate, InvalidTerms, NetDays, PaymentTerms, overdue_from};
