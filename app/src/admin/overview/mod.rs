//! How the business stands: MRR, what moved it, money in and owed, and what waits.

mod chart;
mod figures;
mod page;

pub use page::OverviewPage;
