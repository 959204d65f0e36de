//! How the business stands: MRR, what moved it, money in and owed, and what waits.

mod chart;
mod figures;
mod formulas;
mod now;
mod page;
mod rows;
mod waterfall;

pub use page::OverviewPage;
