//! The demo customers: who they are, when they join, what they use and which life they lead.

mod early;
mod familiar;
mod late;

pub use early::EARLY;
pub use familiar::FAMILIAR;
pub use late::LATE;
