//! Where a customer stands: plan, next bill, usage, invoices.

pub mod next_bill;
pub mod page;
