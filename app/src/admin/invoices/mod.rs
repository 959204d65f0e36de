//! Invoices for operators: what is left of each line, and credit notes that give some of it back.

pub mod api;
pub mod forms;

#[cfg(feature = "ssr")]
mod page;
#[cfg(feature = "ssr")]
mod review;
#[cfg(feature = "ssr")]
mod typed;

#[cfg(feature = "ssr")]
pub use page::InvoicesPage;
#[cfg(feature = "ssr")]
pub use review::NotePage;
